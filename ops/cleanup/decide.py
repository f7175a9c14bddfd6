"""
What may be removed from a server: pure, from its survey and the release files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class Item:
    """
    Something that nobody needs, with what it takes.
    """

    kind: str
    name: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    What is to be done with one server. `listed` is for a person to decide: it is never removed. `unknown` says what could not
    be looked at, so that nothing of its kind is removed.
    """

    server: str
    items: tuple[Item, ...] = ()
    listed: tuple[Item, ...] = ()
    unknown: tuple[str, ...] = ()
    journal_days: int = 0

    @property
    def size_bytes(self) -> int:
        """
        What it would win at most: images share layers.
        """
        return sum(item.size_bytes for item in self.items)

    def request(self) -> dict[str, Any]:
        """
        What the server is asked to remove.
        """
        found: dict[str, Any] = {
            kind: [item.name for item in self.items if item.kind == kind] for kind in ("images", "volumes", "logs")
        }
        found |= {"build_cache": any(item.kind == "build_cache" for item in self.items)}
        if self.journal_days:
            found["journal_days"] = self.journal_days
        return {kind: value for kind, value in found.items() if value}


@dataclass(frozen=True, kw_only=True)
class Rules:
    """
    `digests` are those of images that some environment serves or may go back to; `retain_days` is how long logs are kept.
    """

    digests: frozenset[str]
    retain_days: int
    with_volumes: bool = False


def kept_digests(releases: Iterable[tuple[Any, int]]) -> frozenset[str]:
    """
    The digests of the last releases of every project in every environment: `releases` is (the releases, how many of a project
    to keep beside those that are served). The ingress' own images are kept, too.
    """
    images: set[str] = set()
    for found, keep in releases:
        if found.platform:
            images |= {found.platform.caddy, found.platform.haproxy}
        for project in found.projects.values():
            for release in (*project.serving, *project.history[:keep]):
                images |= {release.image, *release.images.values()}
    return frozenset(image.rpartition("@")[2] for image in images)


def plan(server: str, survey: Mapping[str, Mapping[str, Any]], rules: Rules, now: float) -> Plan:
    """
    What one server may do without.
    """
    unknown = tuple(f"{name}: {row['error']}" for name, row in sorted(survey.items()) if "error" in row)

    def seen(name: str) -> Any:
        return survey.get(name, {}).get("data") or ()

    items: list[Item] = []
    if "data" in survey.get("used", {}):
        items += _images(seen("images"), set(seen("used")), rules, now)
    if rules.with_volumes:
        items += [Item(kind="volumes", name=row["name"], size_bytes=row["size_bytes"]) for row in seen("volumes")]
    if seen("build_cache"):
        items.append(Item(kind="build_cache", name="build cache", size_bytes=seen("build_cache")))
    items += [
        Item(kind="logs", name=row["path"], size_bytes=row["size_bytes"])
        for row in seen("logs")
        if row["age_s"] > rules.retain_days * DAY_S
    ]
    listed = [Item(kind=row["kind"], name=row["name"], size_bytes=row["size_bytes"]) for row in seen("restored")]
    if not rules.with_volumes:
        listed += [Item(kind="unused volume", name=row["name"], size_bytes=row["size_bytes"]) for row in seen("volumes")]
    return Plan(server=server, items=tuple(items), listed=tuple(listed), unknown=unknown, journal_days=rules.retain_days)


def _images(images: Iterable[Mapping[str, Any]], used: Collection[str], rules: Rules, now: float) -> list[Item]:
    """
    Those that were pulled by digest (whoever tags one has put it there), that no container and no service has, that no release
    file names among the last, and that did not come within a day: a release may be on its way.
    """
    found = []
    for image in images:
        names: Sequence[str] = image["names"]
        is_kept = image["has_tag"] or not names or image["id"] in used or any(name in used for name in names)
        is_released = any(name.rpartition("@")[2] in rules.digests for name in names)
        if not (is_kept or is_released or now - image["came"] < DAY_S):
            found += [
                Item(kind="images", name=name, size_bytes=image["size_bytes"] if name == names[0] else 0) for name in names
            ]
    return found
