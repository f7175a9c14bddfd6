"""
The copy somewhere else: one restic repository there, with the volumes' snapshots and the database clusters' repository.

pgBackRest's repository is encrypted already, and its files never change once they are complete: a snapshot of its folder, taken
while nobody changes it, is a complete one. Whether a copy is good is found out there: what it has is listed, and read.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from hosts.backup import keys, restic, signed, volumes
from hosts.backup.config import FOLDER, Config
from hosts.backup.errors import BackupError, Finding, failed
from hosts.backup.restic import Repository

CLUSTERS = "clusters"
# Read at each copy, chosen anew: in a month of daily copies everything was read once, more likely than not.
PART = "5%"
# Between two of those, for the log's sake: what the last reading found stays what is known.
UNREAD = "0%"


def repository(config: Config) -> Repository:
    """
    restic's repository off-site.

    Raises: BackupError where none is declared.
    """
    offsite = config.offsite
    if offsite is None:
        raise failed("no-offsite", f"offsite:{config.server}", "no place off-site is declared", "Set `backup.offsite`")
    resource = f"offsite:{offsite['host']}"
    port = f":{offsite['port']}" if offsite.get("port") else ""
    if offsite["kind"] == "s3":
        scheme = "http" if offsite.get("is_plain") else "https"
        where = f"s3:{scheme}://{offsite['host']}{port}/{offsite['path'].strip('/')}"
        return Repository(where=where, resource=resource, more=_credentials())
    command = f"ssh -F {FOLDER / 'offsite-ssh-config'} offsite -s sftp"
    return Repository(where=f"sftp:offsite:{offsite['path']}", resource=resource, options=("-o", f"sftp.command={command}"))


def _credentials() -> dict[str, str]:
    """
    restic 0.14 reads S3's from its environment or from a file: the file, so that no process shows them.
    """
    return {"AWS_SHARED_CREDENTIALS_FILE": str(FOLDER / "offsite-s3")}


def copy(config: Config, *, part: str = PART) -> list[Finding]:
    """
    Copy everything, read a part of the copy, and note how that went.
    """
    findings: list[Finding] = []
    try:
        there, here = repository(config), volumes.repository(config)
        if not restic.exists(here):
            restic.create(here)
        if not restic.exists(there):
            restic.create(there, like=here)
        restic.unlock(there)
        restic.copy(here, there)
        for folder in (config.repository / "pgbackrest", config.manifests):
            if folder.is_dir():
                restic.backup(there, folder, (CLUSTERS, folder.name))
        _forget(config, there)
        if part == UNREAD:
            return []
        findings += restic.check(there, part)
    except BackupError as error:
        findings.append(error.finding)
    signed.write(
        config.records / "offsite.json",
        {"at": int(time.time()), "part": part, "findings": [vars(found) for found in findings]},
        keys.record(),
    )
    return findings


def _forget(config: Config, there: Repository) -> None:
    for project in config.projects.values():
        for wanted in project.sources:
            if wanted.kind == "volume":
                restic.forget(there, volumes.tag(project, wanted), project.retention)
    # Each holds what pgBackRest keeps, which has the policy's age already.
    for name in ("pgbackrest", "manifests"):
        restic.forget(there, name, {"daily": 7, "weekly": 4, "monthly": 0})


def state(config: Config, now: float) -> tuple[dict[str, int], list[Finding]]:
    """
    ({"project/source": when its last copy was made}, findings), read from the copy itself. Of a copy in which the last reading
    found damage there are no times: it counts for nothing.
    """
    try:
        there = repository(config)
        if not restic.exists(there):
            raise failed("offsite-missing", there.resource, "there is no copy off-site", "Run `flotilla backup run`")
        found = restic.snapshots(there)
    except BackupError as error:
        return {}, [error.finding]
    record = signed.read(config.records / "offsite.json", keys.record())
    if record and record["findings"]:
        return {}, [Finding(**row) for row in record["findings"]]
    times = _times(config, found)
    return times, [*_missing(config, times, now, there.resource)]


def _times(config: Config, found: list[restic.Snapshot]) -> dict[str, int]:
    last: dict[str, int] = {}
    for snapshot in found:
        for tag in snapshot.tags:
            last[tag] = max(last.get(tag, 0), snapshot.at)
    times: dict[str, int] = {}
    for project in config.projects.values():
        for wanted in project.sources:
            tag = volumes.tag(project, wanted) if wanted.kind == "volume" else "pgbackrest"
            if tag in last:
                times[f"{project.name}/{wanted.covered}"] = last[tag]
    return times


def _missing(config: Config, times: Mapping[str, int], now: float, resource: str) -> list[Finding]:
    from hosts.backup.status import GRACE_S

    told: list[Finding] = []
    for project in config.projects.values():
        for wanted in project.sources:
            at: Any = times.get(f"{project.name}/{wanted.covered}")
            if at is None:
                fact = f"there is no copy of {project.name}'s {wanted.covered}"
                told.append(Finding(id="offsite-missing", resource=resource, fact=fact, next_step="Run `flotilla backup run`"))
            elif now - at > project.longest_gap_s + GRACE_S:
                fact = f"the copy of {project.name}'s {wanted.covered} is {(now - at) / 3600:.1f} hours old"
                told.append(Finding(id="offsite-old", resource=resource, fact=fact, next_step="Run `flotilla backup run`"))
    return told
