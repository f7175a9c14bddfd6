"""
A project's two releases and their shares of the traffic, in the release file. Pure.

The first that is served is the stable one, the second the canary. What was only tried does not go into the history: a rollback
never leads to it.
"""

from __future__ import annotations

from collections.abc import Mapping

from ops.errors import RefusedError
from settings.problems import Source, error_of, validate
from settings.release import FULL_WEIGHT, ProjectReleases, Release, Releases, Slot
from settings.releases import with_release


def stable(served: ProjectReleases) -> Release:
    """
    The release that was there before the canary.
    """
    return served.serving[0]


def canary(served: ProjectReleases) -> Release | None:
    """
    The release that is tried, if one is.
    """
    return served.serving[1] if len(served.serving) > 1 else None


def require_none(name: str, served: ProjectReleases | None) -> None:
    """
    Raises: RefusedError where a canary is on: what is tried would be lost without a word.
    """
    tried = canary(served) if served else None
    if tried is not None:
        raise RefusedError(
            f"{name}: the canary {tried.short_digest} has {tried.weight} % of the traffic. Nothing was done. Finish it: "
            f"`flotilla canary promote {name}` or `flotilla canary abort {name}`."
        )


def with_canary(releases: Releases, project: str, image: str, *, images: Mapping[str, str], weight: int) -> Releases:
    """
    The same releases, and beside the project's stable one these images with `weight` percent of the traffic.

    Raises: SettingsError if one of them is not an image with its digest.
    """
    before = stable(releases.projects[project])
    free = Slot.B if before.slot is Slot.A else Slot.A
    document = {"image": image, "images": dict(images), "slot": free, "weight": weight}
    tried, findings = validate(Release, document)
    if tried is None:
        raise error_of(Source(file="release", lines={}).problem(finding) for finding in findings)
    return _serving(releases, project, before.model_copy(update={"weight": FULL_WEIGHT - weight}), tried)


def with_share(releases: Releases, project: str, weight: int) -> Releases:
    """
    The same releases with another share for the canary.
    """
    before, tried = releases.projects[project].serving
    shares = (before.model_copy(update={"weight": FULL_WEIGHT - weight}), tried.model_copy(update={"weight": weight}))
    return _serving(releases, project, *shares)


def with_promoted(releases: Releases, project: str) -> Releases:
    """
    The same releases with all traffic on what was the canary; the stable one goes into the history.
    """
    _, tried = releases.projects[project].serving
    return with_release(releases, project, tried.image, images=tried.images)


def without_canary(releases: Releases, project: str) -> Releases:
    """
    The same releases with all traffic on the stable one.
    """
    before = stable(releases.projects[project])
    return _serving(releases, project, before.model_copy(update={"weight": FULL_WEIGHT}))


def _serving(releases: Releases, project: str, *serving: Release) -> Releases:
    served = releases.projects[project].model_copy(update={"serving": serving})
    return releases.model_copy(update={"projects": {**releases.projects, project: served}})
