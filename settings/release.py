"""
The releases of an environment, as models. `settings.releases` reads, changes and writes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, Field

from settings.model import Model
from settings.values import ImageReference, Name

HISTORY_LIMIT = 20
FULL_WEIGHT = 100


class Slot(StrEnum):
    """
    The place that a release takes behind the ingress; the next release takes the other one.
    """

    A = "a"
    B = "b"


class Images(Model):
    """
    The images of one release of a project: the main one, and those of processes that have a repository of their own.
    """

    image: ImageReference = Field(description="The project's image with its digest.")
    images: Mapping[Name, ImageReference] = Field(
        default={}, description="Images of the processes that have a repository of their own, by process."
    )

    def image_of(self, process: str) -> str:
        """
        The image that a process runs.
        """
        return self.images.get(process, self.image)

    @property
    def digest(self) -> str:
        """
        64 hex digits that name the release: the image's digest, or with several images a SHA-256 over all of theirs.
        """
        main = self.image.rpartition(":")[2]
        if not self.images:
            return main
        lines = [main, *(f"{name} {image.rpartition(':')[2]}" for name, image in sorted(self.images.items()))]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def short_digest(self) -> str:
        """
        The first 8 hex digits, as in the names of services.
        """
        return self.digest[:8]


class Release(Images):
    """
    A release of a project that is served now, with its share of the traffic.
    """

    slot: Slot = Field(description="Its place behind the ingress: `a` or `b`.")
    weight: Annotated[int, Field(strict=True, ge=0, le=FULL_WEIGHT)] = Field(
        default=FULL_WEIGHT, description="Its share of the traffic in percent."
    )


def main_release(serving: Iterable[Release]) -> Release:
    """
    The release that gets most of the traffic.
    """
    return max(serving, key=lambda release: release.weight)


class PastRelease(Images):
    """
    A release of a project that was served before.
    """

    served_until: AwareDatetime = Field(description="When something else took over, with its time zone.")


class ProjectReleases(Model):
    """
    The releases of one project in one environment.
    """

    serving: Annotated[tuple[Release, ...], Field(min_length=1, max_length=2)] = Field(
        description="What is served now: one release, or two while traffic is split."
    )
    history: tuple[PastRelease, ...] = Field(default=(), description="What was served before, newest first.")

    @property
    def main(self) -> Release:
        """
        The release that gets most of the traffic.
        """
        return main_release(self.serving)


class Platform(Model):
    """
    The images of the ingress.
    """

    caddy: ImageReference = Field(description="Caddy, which owns names and certificates.")
    haproxy: ImageReference = Field(description="HAProxy, which spreads requests over releases.")


class Releases(Model):
    """
    All of an environment's releases. `platform` is None until images were published.
    """

    platform: Platform | None = Field(default=None, description="The images of the ingress.")
    projects: Mapping[Name, ProjectReleases] = Field(
        default={}, description="Releases by project; a project without is not served yet."
    )
