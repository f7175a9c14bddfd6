"""
What the settings ask for and the outputs do not have, or the other way round: a stack that was changed and not brought up, or
half applied. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from components.naming import all_servers
from ops.dossier.facts import Facts


@dataclass(frozen=True, kw_only=True)
class Difference:
    """
    One thing that is not the same. `wanted` and `found` are None where it is not there at all.
    """

    what: str
    wanted: str | None
    found: str | None


def differences(facts: Facts) -> list[Difference]:
    """
    All of them, by name; none where there are no outputs to compare with.
    """
    if facts.outputs is None:
        return []
    return [row for row in (*_servers(facts), *_projects(facts), *_entry(facts)) if row.wanted != row.found]


def _servers(facts: Facts) -> Iterator[Difference]:
    wanted = {
        name: _server(
            {
                "type": pool.type,
                "location": pool.location or facts.settings.environment.location,
                "roles": [role.value for role in pool.roles],
                "volume_gb": pool.volume_gb,
            }
        )
        for name, (_, pool) in all_servers(facts.settings).items()
    }
    found = {name: _server(row) for name, row in ((facts.outputs or {}).get("servers") or {}).items()}
    for name in sorted(wanted | found):
        yield Difference(what=f"servers.{name}", wanted=wanted.get(name), found=found.get(name))


def _server(row: Mapping[str, Any]) -> str:
    disk = f", {row['volume_gb']:g} GB" if row.get("volume_gb") else ""
    return f"{row.get('type')}, {row.get('location')}, {'+'.join(row.get('roles', ()))}{disk}"


def _projects(facts: Facts) -> Iterator[Difference]:
    wanted = {
        project.name: _releases(
            (row.image_of(name), row.weight) for row in releases.serving for name in project.all_processes()
        )
        for project, releases in facts.settings.served
    }
    found = {
        name: _releases((image, row["weight"]) for row in project["releases"] for image in row["images"].values())
        for name, project in ((facts.outputs or {}).get("projects") or {}).items()
    }
    for name in sorted(wanted | found):
        yield Difference(what=f"projects.{name}", wanted=wanted.get(name), found=found.get(name))


def _releases(images: Iterator[tuple[str, float]]) -> str:
    return ", ".join(sorted({f"{short(image)} {weight:g} %" for image, weight in images}))


def short(image: str) -> str:
    """
    An image's name with the first digits of its digest.
    """
    name, _, digest = image.partition("@sha256:")
    return f"{name.rpartition('/')[2]}@{digest[:12]}"


def _entry(facts: Facts) -> Iterator[Difference]:
    found = ((facts.outputs or {}).get("entry") or {}).get("kind")
    wanted = facts.settings.environment.entry.value
    if found is not None:
        yield Difference(what="entry", wanted=wanted, found=str(found))
