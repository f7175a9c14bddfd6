"""
What an audit has measured, as reports keep it: figures for plots, each with why it is not known where it is not.

    disks      [{server, mount, used_share, why}]           a share of 1
    responses  [{project, site, seconds, status, why}]      until the head of the answer, as seen from where the audit ran
    backups    [{project, source, age_s, why}]
    costs      [{project, eur_per_month, why}]              as `flotilla costs` has them
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from ops.audit.backups import SUCCESS, measured, policies
from ops.audit.scene import Host, Scene, Site, Subject, UnseenError
from ops.costs.bill import bill
from ops.costs.fleet import from_outputs
from ops.costs.split import split

# A file system that is memory, or a file that a container engine lends, is no disk.
DISK_KINDS = frozenset({"ext4", "xfs", "btrfs", "overlay"})


def document(scene: Scene, kinds: Collection[type[Subject]] = (Host, Site)) -> dict[str, list[dict[str, Any]] | None]:
    """
    The section `measures` of a report. `kinds` are those that were looked at: what needs another one is None, unknown.
    """
    sections: dict[str, tuple[bool, Callable[[], Iterable[dict[str, Any]]]]] = {
        "disks": (Host in kinds, lambda: (row for host in scene.hosts for row in disks(host))),
        "responses": (Site in kinds, lambda: _responses(scene)),
        "backups": (Host in kinds, lambda: backups(scene)),
        "costs": (True, lambda: costs(scene.outputs)),
    }
    return {name: _tried(look) if is_seen else None for name, (is_seen, look) in sections.items()}


def _tried(look: Callable[[], Iterable[dict[str, Any]]]) -> list[dict[str, Any]] | None:
    """
    None where what was answered has another shape than expected: rules say so, and figures are not to hide them.
    """
    try:
        return list(look())
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError):
        return None


def disks(host: Host) -> list[dict[str, Any]]:
    """
    A server's disks; one row of which nothing is known where it could not be looked at.
    """
    try:
        rows, why = (_told_apart(host.see("disks")), "") if not host.problem else ([], host.problem)
    except UnseenError as error:
        rows, why = [], str(error)
    if why:
        return [{"server": host.name, "mount": "/", "used_share": None, "why": why}]
    return [
        {
            "server": host.name,
            "mount": row["mount"],
            "used_share": round(1 - row["free_bytes"] / row["size_bytes"], 4),
            "why": "",
        }
        for row in rows
    ]


def _told_apart(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    Each disk once, at its shortest mount point: parts of one are often mounted at several places.
    """
    disks = [row for row in rows if row["kind"] in DISK_KINDS and row["size_bytes"]]
    first: dict[tuple[int, int], dict[str, Any]] = {}
    for row in sorted(disks, key=lambda row: (len(row["mount"]), row["mount"])):
        first.setdefault((row["size_bytes"], row["free_bytes"]), row)
    return list(first.values())


def _responses(scene: Scene) -> Iterator[dict[str, Any]]:
    for site in scene.sites:
        if site.target:
            continue  # it only sends people elsewhere
        row = {"project": site.project, "site": site.name, "seconds": None, "status": None}
        try:
            answer = site.see("https")
        except UnseenError as error:
            yield {**row, "why": str(error)}
            continue
        if answer["is_answered"]:
            yield {**row, "seconds": answer["seconds"], "status": answer["status"], "why": ""}
        else:
            yield {**row, "why": answer["reason"]}


def backups(scene: Scene) -> Iterator[dict[str, Any]]:
    """
    The age of everything that is to be backed up.
    """
    keepers = [host for host in scene.hosts if "backup" in host.roles]
    for project, source, _ in policies(scene):
        row = {"project": project, "source": source, "age_s": None}
        if not keepers:
            yield {**row, "why": "no server has the role backup"}
        elif keepers[0].problem:
            yield {**row, "why": keepers[0].problem}
        else:
            try:
                then = measured(keepers[0], SUCCESS, project, source)
            except UnseenError as error:
                yield {**row, "why": str(error)}
                continue
            yield {**row, "age_s": round(scene.now - then), "why": ""} if then else {**row, "why": "never backed up"}


def costs(outputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    """
    What each project costs a month, as `flotilla costs` divides the bill; of a fleet with something unpriced it is not known.
    """
    fleet = from_outputs(outputs)
    found = bill(fleet.items)
    unpriced = ", ".join(sorted({str(line.item.type or line.item.kind) for line in found.lines if line.eur is None}))
    why = f"no price is known of {unpriced}" if unpriced else ""
    owed = split(fleet, found)
    return [{"project": name, "eur_per_month": None if why else float(eur), "why": why} for name, eur in sorted(owed.items())]
