"""
Which images of a project stay on the servers: of what serves, and of what one can go back to.

No part of what a server's roles say: a release would make every server converge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from components.remote import step
from components.server import Server
from settings.release import ProjectReleases


@dataclass(frozen=True, kw_only=True)
class KeptReleasesArgs:
    """
    A project's releases, how many of those before stay, and the servers that run containers.
    """

    project: str
    releases: ProjectReleases
    kept_releases: int
    servers: Sequence[Server]


class KeptReleases(pulumi.ComponentResource):
    """
    A list on each server that runs containers, which the timer that removes images (hosts/roles/docker) heeds.
    """

    images: Output[list[str]]

    def __init__(self, name: str, args: KeptReleasesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:app:KeptReleases", name, None, opts)
        images = kept(args.releases, args.kept_releases)
        for server in args.servers:
            step(
                f"{name}-{server.hostname}-kept",
                login=server.login,
                run="keep.py",
                undo="keep_no_more.py",
                data={"project": args.project, "images": images},
                opts=ResourceOptions(parent=self),
            )
        self.images = Output.from_input(images)
        self.register_outputs({"images": self.images})


def kept(releases: ProjectReleases, number: int) -> list[str]:
    """
    The images of what is served, and of this many different releases before, by name.
    """
    serving = {release.digest: release for release in releases.serving}
    past = [release for release in releases.history if release.digest not in serving]
    chosen = [*serving.values(), *list({release.digest: release for release in past}.values())[:number]]
    return sorted({image for release in chosen for image in (release.image, *release.images.values())})
