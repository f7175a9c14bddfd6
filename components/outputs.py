"""
What an environment tells the outside: the one document that `ops/`, documentation and people read. No secrets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from pulumi import Output

from components.ingress import Ingress
from components.route import Site
from components.server import Server
from settings import Settings
from settings.environment import ServerPool

VERSION = 1


class EnvironmentOutput(TypedDict):
    """
    Which environment this is.
    """

    name: str
    domain: str
    zone: str


class ServerOutput(TypedDict):
    """
    One server; `type` and `location` are Hetzner's names.
    """

    ipv4: Output[str]
    private_ip: Output[str]
    type: str
    location: str
    roles: list[str]


class ReleaseOutput(TypedDict):
    """
    A release that is served, with its share of the traffic in percent.
    """

    image: str
    slot: str
    weight: int


class ProjectOutput(TypedDict):
    """
    A project that is served; the first of its URLs is the main one.
    """

    owner: str
    urls: Output[list[str]]
    releases: list[ReleaseOutput]


class IngressOutput(TypedDict):
    """
    Where requests get in.
    """

    ipv4: Output[str] | None


class Outputs(TypedDict):
    """
    Version 1 of the document. `servers` and `projects` are by name; `unserved` are projects that have no release here yet.
    """

    version: int
    environment: EnvironmentOutput
    servers: Mapping[str, ServerOutput]
    projects: Mapping[str, ProjectOutput]
    unserved: Sequence[str]
    ingress: IngressOutput


def document(
    settings: Settings, servers: Mapping[str, tuple[Server, ServerPool]], sites: Mapping[str, Site], ingress: Ingress | None
) -> Outputs:
    """
    The document of an environment; the keys are the stack's outputs.
    """
    environment = settings.environment
    return Outputs(
        version=VERSION,
        environment=EnvironmentOutput(name=environment.name, domain=environment.domain, zone=environment.zone),
        servers={
            name: ServerOutput(
                ipv4=server.ipv4,
                private_ip=server.private_ip,
                type=pool.type,
                location=pool.location or environment.location,
                roles=[role.value for role in pool.roles],
            )
            for name, (server, pool) in servers.items()
        },
        projects={
            project.name: ProjectOutput(
                owner=project.owner,
                urls=sites[project.name].urls,
                releases=[
                    ReleaseOutput(image=release.image, slot=release.slot.value, weight=release.weight)
                    for release in releases.serving
                ],
            )
            for project, releases in settings.served
            if project.name in sites
        },
        unserved=list(settings.unserved),
        ingress=IngressOutput(ipv4=ingress.ipv4 if ingress else None),
    )
