"""
Which image of each project an environment serves: the desired state that `flotilla` writes and the program deploys.

    platform:
      caddy: registry.example.com/caddy@sha256:...
      haproxy: registry.example.com/haproxy@sha256:...
    projects:
      guestbook:
        serving:                      # one release, or two while traffic is split; weights sum to 100
          - {image: registry.example.com/guestbook@sha256:..., images: {}, slot: a, weight: 100}
        history:                      # served before, newest first
          - {image: registry.example.com/guestbook@sha256:..., images: {}, served_until: 2026-11-20T12:00:00Z}

`images` has those of the processes that have a repository of their own: {process: image}; it is left out where it is empty.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from settings.documents import read_document
from settings.problems import Finding, Problem, Source, error_of, validate
from settings.release import (
    FULL_WEIGHT,
    HISTORY_LIMIT,
    PastRelease,
    Platform,
    ProjectReleases,
    Release,
    Releases,
    Slot,
)

__all__ = [
    "PastRelease",
    "Platform",
    "ProjectReleases",
    "Release",
    "Releases",
    "Slot",
    "check_releases",
    "load_releases",
    "releases_file",
    "render_releases",
    "with_platform",
    "with_release",
    "write_releases",
]

HEADER = """\
# Which image of each project this environment serves. Written by `flotilla`; a person may edit it too.
# `serving` is what runs now, its weights sum to 100; `history` is what was served before, newest first.
"""


def releases_file(root: Path, stack: str) -> Path:
    """
    Where an environment's releases are written.
    """
    return root / "releases" / f"{stack}.yaml"


def load_releases(path: Path) -> Releases:
    """
    The releases in this file; none if there is no file yet.

    Raises: SettingsError with every mistake in the file.
    """
    if not path.exists():
        return Releases()
    document = read_document(path, f"{path.parent.name}/{path.name}")
    if isinstance(document, Problem):
        raise error_of([document])
    releases, findings = validate(Releases, document.data)
    findings += check_releases(releases) if releases else []
    if releases is None or findings:
        raise error_of(document.source.problem(finding) for finding in findings)
    return releases


def check_releases(releases: Releases) -> Iterator[Finding]:
    """
    What is wrong with releases by themselves: shares of traffic, slots and images that clash.
    """
    for name, project in releases.projects.items():
        location = ("projects", name, "serving")
        total = sum(release.weight for release in project.serving)
        if total != FULL_WEIGHT:
            yield Finding(
                location=location, fact=f"the weights sum to {total} instead of {FULL_WEIGHT}", next_step="Correct the weights"
            )
        slots, digests = ({getattr(release, part) for release in project.serving} for part in ("slot", "short_digest"))
        if len(slots) < len(project.serving):
            yield Finding(
                location=location, fact="two releases have the same slot", next_step="Give one slot `a`, the other `b`"
            )
        if len(digests) < len(project.serving):
            yield Finding(
                location=location, fact="two releases have digests with the same first 8 digits", next_step="Keep one of them"
            )


def with_platform(releases: Releases, caddy: str, haproxy: str) -> Releases:
    """
    The same releases with these images of the ingress.
    """
    return releases.model_copy(update={"platform": Platform(caddy=caddy, haproxy=haproxy)})


def with_release(
    releases: Releases, project: str, image: str, *, images: Mapping[str, str] | None = None, at: datetime | None = None
) -> Releases:
    """
    The same releases, but with all of the project's traffic on this image and these `images` of its processes; what was served
    moves into the history as of `at` (default: now). What is served already keeps its slot; a new release takes the slot that
    the main one leaves free.

    Raises: SettingsError if one of them is not an image with its digest.
    """
    before = releases.projects.get(project)
    serving = _taking_over({"image": image, "images": dict(images or {})}, before)
    if before and before.serving == (serving,):
        return releases
    until = at or datetime.now(UTC)
    replaced = [release for release in _serving(before) if not _is_same(release, serving)]
    past = tuple(
        PastRelease(image=release.image, images=release.images, served_until=until)
        for release in sorted(replaced, key=lambda release: -release.weight)
    )
    history = past + (before.history if before else ())
    after = ProjectReleases(serving=(serving,), history=history[:HISTORY_LIMIT])
    return releases.model_copy(update={"projects": {**releases.projects, project: after}})


def _serving(before: ProjectReleases | None) -> tuple[Release, ...]:
    return before.serving if before else ()


def _is_same(one: Release, other: Release) -> bool:
    return (one.image, one.images) == (other.image, other.images)


def _taking_over(images: dict[str, Any], before: ProjectReleases | None) -> Release:
    free = Slot.B if before and before.main.slot is Slot.A else Slot.A
    release, findings = validate(Release, {**images, "slot": free})
    if release is None:
        raise error_of(Source(file="release", lines={}).problem(finding) for finding in findings)
    served = next((known.slot for known in _serving(before) if _is_same(known, release)), free)
    return release.model_copy(update={"slot": served})


def write_releases(path: Path, releases: Releases) -> None:
    """
    Write the file whole or not at all, always with the same text for the same releases.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(render_releases(releases))
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """
    Make a rename in this folder survive a power cut.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def render_releases(releases: Releases) -> str:
    """
    The text of the file, projects by name.
    """
    body: dict[str, Any] = releases.model_dump(mode="json", exclude_none=True)
    body["projects"] = dict(sorted(body["projects"].items()))
    for project in body["projects"].values():
        for release in project["serving"] + project["history"]:
            if not release["images"]:
                del release["images"]
    return HEADER + yaml.safe_dump(body, sort_keys=False, width=200)
