"""
A backup of what projects have: each cluster once, each volume, and what each is compared with later.

What fails for one source does not keep the others from theirs. That a backup is there is read from the repository afterwards.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from hosts.backup import fingerprint, keys, pgbackrest, receivewal, retention, segments, signed, source, volumes
from hosts.backup.config import Config, Project, Source, Stanza
from hosts.backup.errors import BackupError, Finding, failed

ARCHIVE_TIMEOUT_S = 90
POLL_S = 0.2
NEARLY_FULL = 32 * 1024 * 1024


def run(config: Config, projects: Sequence[Project], *, is_full: bool) -> tuple[list[dict[str, Any]], list[Finding]]:
    """
    Back up these projects. Returns what was made, and what went wrong.
    """
    made: list[dict[str, Any]] = []
    findings: list[Finding] = []
    for stanza in config.clusters_of(projects):
        _attempt(config, partial(_add, made, partial(_cluster, config, stanza, is_full=is_full)), findings)
    for project in projects:
        for wanted in project.sources:
            if wanted.kind == "volume":
                _attempt(config, partial(_add, made, partial(_volume, config, project, wanted)), findings)
    return made, findings


def _add(made: list[dict[str, Any]], make: Callable[[], dict[str, Any]]) -> None:
    made.append(make())


def _volume(config: Config, project: Project, wanted: Source) -> dict[str, Any]:
    started = time.monotonic()
    snapshot = volumes.back_up(config, project, wanted)
    row = {"resource": volumes.resource(project, wanted), "label": snapshot, "kind": "snapshot"}
    return {**row, "duration_s": round(time.monotonic() - started, 2)}


def _attempt(config: Config, act: Callable[[], None], findings: list[Finding]) -> None:
    try:
        act()
    except BackupError as error:
        findings.append(_full(config, error.finding) or error.finding)


def _full(config: Config, found: Finding) -> Finding | None:
    """
    A full disk shows in many ways, such as a file that could not be made and then is not found: so the disk is looked at.
    """
    free = min(shutil.disk_usage(path).free for path in (config.repository, *config.repository.iterdir()) if path.is_dir())
    if free >= NEARLY_FULL:
        return None
    fact = f"the backup disk is full ({free / 1e6:.1f} MB are free): {found.fact}"
    return Finding(id="disk-full", resource=found.resource, fact=fact, next_step="Grow the disk of the backup server")


def _cluster(config: Config, stanza: Stanza, *, is_full: bool) -> dict[str, Any]:
    started = time.monotonic()
    before = pgbackrest.information(stanza)
    require_same(stanza, before)
    kind = "full" if is_full else retention.kind_due(before.backups, before.system_id, time.time())
    pgbackrest.backup(stanza, kind)
    backed_up = time.monotonic()
    after = pgbackrest.information(stanza)
    label = after.backups[-1].label
    if before.backups and before.backups[-1].label == label:
        raise failed("no-backup", stanza.resource, "pgbackrest ended well, and there is no new backup", "See its log")
    manifest(config, stanza, after)
    _expire(config, stanza, after, kind)
    return {
        "resource": stanza.resource,
        "label": label,
        "kind": kind,
        "duration_s": round(time.monotonic() - started, 2),
        "tool_s": round(backed_up - started, 2),
    }


def require_same(stanza: Stanza, known: pgbackrest.Information) -> None:
    """
    Raises: BackupError where the server has another cluster than the one that backups are taken of.
    """
    system_id = receivewal.identity(stanza).system_id
    if known.system_id is None:
        pgbackrest.create(stanza)
    elif known.system_id != system_id:
        fact = f"the server has another cluster ({system_id}) than the one that the backups are of ({known.system_id})"
        raise failed(
            "other-cluster",
            stanza.resource,
            fact,
            "Restore into it with `flotilla restore --all`, or take it as it is with `flotilla backup run --new-cluster`",
        )


def manifest(config: Config, stanza: Stanza, known: pgbackrest.Information) -> None:
    """
    Note what the databases hold, at a moment that a restore of the last backup can be recovered to.
    """
    label = known.backups[-1].label
    census = source.census(stanza, label)
    document = {"version": fingerprint.VERSION, "stanza": stanza.name, "label": label, **census}
    signed.write(config.manifests / stanza.name / f"{label}.json", document, keys.record())
    segment = segments.named(f"{census['timeline']:08X}", segments.number_up_to(census["end"]))
    deadline = time.monotonic() + ARCHIVE_TIMEOUT_S
    while segment not in pgbackrest.archived(stanza, str(known.archive_id)):
        if time.monotonic() >= deadline:
            fact = f"segment {segment} of the log did not arrive within {ARCHIVE_TIMEOUT_S} s"
            raise failed("log-late", stanza.resource, fact, f"See `systemctl status flotilla-backup-wal@{stanza.name}`")
        time.sleep(POLL_S)


def _expire(config: Config, stanza: Stanza, found: pgbackrest.Information, kind: str) -> None:
    """
    What the policy does not keep goes; the log that nothing needs goes when there is a new full backup.
    """
    policies = [project.retention for project in config.projects.values() if _is_in(project, stanza)]
    expired = retention.expired(found.backups, retention.joint(policies))
    for label in expired:
        pgbackrest.expire(stanza, label)
    if kind == "full" and not expired:
        pgbackrest.expire(stanza)
    kept = {backup.label for backup in (pgbackrest.information(stanza) if expired else found).backups}
    for path in (config.manifests / stanza.name).glob("*.json"):
        if path.stem not in kept:
            path.unlink()


def _is_in(project: Project, stanza: Stanza) -> bool:
    return any(wanted.kind == "database" and wanted.server == stanza.name for wanted in project.sources)
