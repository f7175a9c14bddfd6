"""
What serves, what served before, and what is different between two releases or two environments. Reads only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from ops import git, releases
from ops.errors import FlotillaError
from ops.releases import Stand
from settings import Project, Settings, load, read_stack_config
from settings.release import PastRelease, ProjectReleases, Release
from settings.releases import releases_file

if TYPE_CHECKING:
    from ops.diagrams.graph import Drawing

ABSENT = "-"
LOG_TIMEOUT_S = 60.0


def rows(checkout: Path, stack: str, project: str | None) -> list[dict[str, Any]]:
    """
    The releases of an environment, or of one project in it: those that serve have the number 0.

    Raises: SettingsError where there is no such project.
    """
    settings = _settings(checkout, stack)
    found = settings.releases.projects
    if project is not None:
        found = {project: releases.served(settings, project)}
    return [row for name, known in sorted(found.items()) for row in _rows(name, known)]


def _settings(checkout: Path, stack: str) -> Settings:
    return load(stack, checkout, read_stack_config(checkout, stack))


def _rows(project: str, known: ProjectReleases) -> Iterator[dict[str, Any]]:
    for release in known.serving:
        state = "serving" if len(known.serving) == 1 else f"serving {release.weight} %"
        yield _row(project, 0, release, state, "")
    for number, past in enumerate(releases.past(known), start=1):
        yield _row(project, number, past, "past", past.served_until.isoformat(timespec="seconds"))


def _row(project: str, number: int, release: Release | PastRelease, state: str, until: str) -> dict[str, Any]:
    images = {"": release.image, **release.images}
    return {
        "project": project,
        "number": str(number),
        "release": release.short_digest,
        "state": state,
        "until": until,
        "images": images,
    }


def difference(checkout: Path, stack: str, project: str, first: str, second: str) -> dict[str, Any]:
    """
    Two releases of a project: {first, second, differences: [{what, first, second}], notes}.
    """
    stand = releases.look(checkout, stack)
    known = stand.served(project)
    one, other = (releases.find(known, text) for text in (first, second))
    notes: list[str] = []
    labels = [_labels(stand, release, notes) for release in (one, other)]
    changed, note = _settings_between(stand, project, one, other)
    return {
        "first": one.short_digest,
        "second": other.short_digest,
        "differences": [*_differences(_images(one), _images(other)), *_differences(*labels), *changed],
        "notes": [*notes, *([note] if note else [])],
    }


def _images(release: Release | PastRelease) -> dict[str, str]:
    return {"image": release.image, **{f"image {process}": image for process, image in release.images.items()}}


def _labels(stand: Stand, release: Release | PastRelease, notes: list[str]) -> dict[str, str]:
    """
    What the images say of themselves. An image that cannot be asked is told of, not passed over.
    """
    found: dict[str, str] = {}
    for place, image in _images(release).items():
        try:
            if not stand.registry.has(image):
                notes.append(f"{image}: it is gone from the registry, so its labels are not known.")
                continue
            found |= {f"{place} label {name}": value for name, value in stand.registry.labels(image).items()}
        except FlotillaError as error:
            notes.append(f"The labels of {release.short_digest} are not known: {error}")
    return found


def _differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[dict[str, str]]:
    """
    The keys that differ, each with both values as text.
    """
    return [
        {"what": key, "first": str(first.get(key, ABSENT)), "second": str(second.get(key, ABSENT))}
        for key in sorted(first.keys() | second.keys())
        if first.get(key, ABSENT) != second.get(key, ABSENT)
    ]


def flat(value: Any, place: str = "") -> dict[str, Any]:
    """
    Nested settings as {dotted path: value}; lists are values.
    """
    if not isinstance(value, Mapping):
        return {place: value}
    return {
        key: inner for name, part in value.items() for key, inner in flat(part, f"{place}.{name}" if place else name).items()
    }


def _settings_between(
    stand: Stand, project: str, one: Release | PastRelease, other: Release | PastRelease
) -> tuple[list[dict[str, str]], str | None]:
    """
    What was changed in the project's file between the commits that brought the two releases.
    """
    file, path = releases_file(stand.checkout, stand.stack), f"projects/{project}.yaml"
    commits = [_commit_of(stand.checkout, file, release) for release in (one, other)]
    if None in commits:
        return [], f"Which settings changed is not known: {file.parent.name}/{file.name} has no commit of each of the two."
    texts = [git.known(stand.checkout, "show", "--end-of-options", f"{commit}:./{path}") for commit in commits]
    documents = [flat(yaml.safe_load(text)) if text else {} for text in texts]
    return _differences(*({f"{path}: {key}": value for key, value in found.items()} for found in documents)), None


def _commit_of(checkout: Path, file: Path, release: Release | PastRelease) -> str | None:
    """
    The first commit that has the release's image in the environment's release file.
    """
    name = str(file.relative_to(checkout))
    digest = release.image.rpartition("@")[2]
    found = git.known(checkout, "log", "--format=%H", "--reverse", f"-S{digest}", "--", name, timeout_s=LOG_TIMEOUT_S).split()
    return found[0] if found else None


def between_environments(checkout: Path, first: str, second: str) -> dict[str, Any]:
    """
    Two environments: which releases they serve, and what their projects' settings differ in.
    """
    one, other = _settings(checkout, first), _settings(checkout, second)
    found = []
    for name in sorted({*one.projects, *other.projects}):
        found += _differences(*({f"{name}: {key}": value for key, value in _of(known, name).items()} for known in (one, other)))
    return {"first": first, "second": second, "differences": found, "notes": []}


def picture(checkout: Path, first: str, second: str) -> Drawing:
    """
    The same two environments side by side, as a drawing in the language of the first one's documents.
    """
    from ops.diagrams.comparison import comparison
    from ops.diagrams.speech import Speech

    one, other = _settings(checkout, first), _settings(checkout, second)
    return comparison(one, other, Speech(one.language))


def _of(settings: Settings, name: str) -> dict[str, Any]:
    project = settings.projects.get(name)
    known = settings.releases.projects.get(name)
    return {**_digests(known.serving if known else ()), **(_plain(project) if project else {"lives there": "no"})}


def _digests(serving: Sequence[Release]) -> dict[str, str]:
    told = [f"{release.short_digest} ({release.weight} %)" if len(serving) > 1 else release.short_digest for release in serving]
    return {"release": " and ".join(told) or "not served"}


def _plain(project: Project) -> dict[str, Any]:
    """
    The project's settings as this environment has them.
    """
    return flat(project.model_dump(mode="json", exclude={"environments"}))
