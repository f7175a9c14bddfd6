"""
Which of a project's releases are served, under which names, and how much of the traffic each gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from components import caddyfile, haproxy
from components.app import App, placed
from components.ingress import Ingress
from components.remote import step
from settings.release import Release

UP_TIMEOUT_S = 60
# Longer requests than this are cut off when the old release is removed.
DRAIN_TIMEOUT_S = 30


@dataclass(frozen=True, kw_only=True)
class SiteArgs:
    """
    The names that a project answers to; the first is the main one.
    """

    project: str
    hostnames: Sequence[str]
    ingress: Ingress


class Site(pulumi.ComponentResource):
    """
    A project's names and certificates. Changes only when a name comes or goes, never with a release.
    """

    urls: Output[list[str]]

    def __init__(self, name: str, args: SiteArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:ingress:Site", name, None, opts)
        step(
            f"{name}-caddy",
            login=args.ingress.login,
            run="site.sh",
            undo="site-remove.sh",
            data={"PROJECT": args.project, "SITE": caddyfile.site(args.project, args.hostnames)},
            opts=ResourceOptions(parent=self, depends_on=[args.ingress]),
        )
        self.urls = Output.from_input([f"https://{hostname}" for hostname in args.hostnames])
        self.register_outputs({"urls": self.urls})


@dataclass(frozen=True, kw_only=True)
class RouteArgs:
    """
    The releases with their shares; their containers are the app's. `hostname` is what health checks ask for.
    """

    app: App
    releases: Sequence[Release]
    hostname: str
    ingress: Ingress


class Route(pulumi.ComponentResource):
    """
    The switch: waits until the releases are up behind HAProxy, moves the traffic, and waits for what the old ones still answer.

    Comes after the app's services were made, and before the engine removes those that are served no more.
    """

    weights: Output[dict[str, int]]

    def __init__(self, name: str, args: RouteArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:ingress:Route", name, None, opts)
        project, releases = args.app.project, placed(args.app.project, args.releases)
        weights = haproxy.server_weights(releases)
        step(
            f"{name}-switch",
            login=args.ingress.login,
            run="switch.py",
            data={
                "project": project.name,
                "backend": haproxy.backend_name(project.name),
                "configuration": haproxy.backend(project, args.hostname, weights),
                "weights": dict(weights),
                "replicas": {release.slot.value: project.replicas for release in releases if release.weight},
                "images": [release.image for release in releases],
                "up_timeout_s": UP_TIMEOUT_S,
                "drain_timeout_s": DRAIN_TIMEOUT_S,
            },
            opts=ResourceOptions(parent=self, depends_on=[args.ingress, args.app]),
        )
        self.weights = Output.from_input({release.slot.value: release.weight for release in releases})
        self.register_outputs({"weights": self.weights})
