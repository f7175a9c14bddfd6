"""
Which of a project's releases are served, under which names, and how much of the traffic each gets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from components import caddyfile, haproxy
from components.ingress import Ingress
from components.released import placed
from components.remote import step
from settings import Process
from settings.release import Release

UP_TIMEOUT_S = 60
# Longer requests than this are cut off when the old release is removed.
DRAIN_TIMEOUT_S = 30
CERTIFICATE_TIMEOUT_S = 60


@dataclass(frozen=True, kw_only=True)
class Names:
    """
    What a process answers to: the first is its main name, where those of `redirects` lead to.
    """

    hostnames: Sequence[str]
    redirects: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class SiteArgs:
    """
    `processes` is {what the process is called in the fleet: its names}. `after` is what has to be known before an authority is
    asked for certificates. `is_in_maintenance` only tells who looks at the plan: the routes close.
    """

    project: str
    processes: Mapping[str, Names]
    ingress: Ingress
    after: Sequence[pulumi.Resource] = ()
    is_in_maintenance: bool = False


class Site(pulumi.ComponentResource):
    """
    A project's names and certificates, on every ingress server. Changes only when a name comes or goes, never with a release.
    """

    urls: Output[list[str]]

    def __init__(self, name: str, args: SiteArgs, opts: ResourceOptions | None = None) -> None:
        hostnames = [hostname for names in args.processes.values() for hostname in names.hostnames]
        redirects = [hostname for names in args.processes.values() for hostname in names.redirects]
        facts = {
            "project": args.project,
            "hostnames": hostnames,
            "redirects": redirects,
            "tls": args.ingress.authority,
            "httpsOnly": True,
            "hsts": True,
            "maintenance": args.is_in_maintenance,
        }
        super().__init__("flotilla:ingress:Site", name, facts, opts)
        sites = [caddyfile.site(process, names.hostnames, names.redirects) for process, names in args.processes.items()]
        for server in args.ingress.servers:
            step(
                f"{name}-{server.hostname}-caddy",
                login=server.login,
                prepare="caddy.sh",
                run="site.sh",
                undo="site-remove.sh",
                data={
                    "PROJECT": args.project,
                    "SITE": "\n".join(sites),
                    "HOSTNAMES": " ".join([*hostnames, *redirects]),
                    "CERTIFICATE_TIMEOUT_S": CERTIFICATE_TIMEOUT_S,
                },
                opts=ResourceOptions(parent=self, depends_on=[args.ingress, *args.after]),
            )
        self.urls = Output.from_input([f"https://{hostname}" for hostname in hostnames])
        self.register_outputs({"urls": self.urls})


@dataclass(frozen=True, kw_only=True)
class RouteArgs:
    """
    A process with its releases and their shares. `containers` is what runs them. `hostname` is what health checks ask for.
    `is_closed`: visitors get the page that says so, and nobody serves.
    """

    process: Process
    containers: pulumi.Resource
    releases: Sequence[Release]
    hostname: str
    ingress: Ingress
    is_closed: bool = False


class Route(pulumi.ComponentResource):
    """
    The switch: waits until the releases are up behind HAProxy, moves the traffic, and waits for what the old ones still answer.

    Comes after the process' services were made, on every ingress server, and before the engine removes those that are served no
    more. Its name is what the process is called in the fleet.
    """

    weights: Output[dict[str, int]]

    def __init__(self, name: str, args: RouteArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:ingress:Route", name, None, opts)
        releases = placed(args.process, args.releases)
        weights = haproxy.server_weights(releases, is_closed=args.is_closed)
        served = [release for release in releases if release.weight and not args.is_closed]
        for server in args.ingress.servers:
            step(
                f"{name}-{server.hostname}-switch",
                login=server.login,
                run="switch.py",
                undo="forget.py",
                data={
                    "backend": name,
                    "version": haproxy.version(),
                    "configuration": haproxy.backend(name, args.process, args.hostname, weights),
                    "weights": dict(weights),
                    "replicas": {release.slot.value: args.process.replicas for release in served},
                    "images": [release.digest for release in releases],
                    "up_timeout_s": UP_TIMEOUT_S,
                    "drain_timeout_s": DRAIN_TIMEOUT_S,
                },
                opts=ResourceOptions(parent=self, depends_on=[args.ingress, args.containers]),
            )
        self.weights = Output.from_input({release.slot.value: release.weight for release in releases})
        self.register_outputs({"weights": self.weights})
