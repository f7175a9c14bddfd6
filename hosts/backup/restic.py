"""
restic 0.14, behind plain functions: snapshots of volumes on this server, and the copies off-site.

`restic check` without `--read-data` finds half of all damage, so what is read is always said: all of it, or a part.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from hosts.backup import process
from hosts.backup.config import FOLDER, KEEPER
from hosts.backup.errors import BackupError, Finding, failed

BINARY = "/usr/bin/restic"
PASSWORD_FILE = FOLDER / "restic.key"
CACHE = "/var/cache/flotilla-backup"


@dataclass(frozen=True, kw_only=True)
class Repository:
    """
    `where` is restic's name of it; `more` are variables for reaching it, such as the path of a file with credentials; `options`
    come before the command. `resource` is how findings call it.
    """

    where: str
    resource: str
    more: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """
    One state of a folder. `at` is in seconds since 1970.
    """

    id: str
    at: int
    tags: tuple[str, ...]
    tree: str


def _run(repository: Repository, *arguments: str, allowed: Sequence[int] = (0,)) -> process.Done:
    argv = [
        BINARY,
        *repository.options,
        "--repo",
        repository.where,
        "--password-file",
        str(PASSWORD_FILE),
        "--cache-dir",
        CACHE,
    ]
    done = process.run([*argv, "--quiet", *arguments], user=KEEPER, more=repository.more)
    if done.code not in allowed:
        raise _explained(repository, arguments[0], done)
    return done


def _explained(repository: Repository, command: str, done: process.Done) -> BackupError:
    resource, words = repository.resource, done.words
    if "wrong password" in done.errors:
        fact = f"restic {command}: the repository cannot be opened with this key"
        return failed("wrong-key", resource, fact, "Set `flotilla:secrets.key` to the key that it was made with")
    if "No space left on device" in done.errors or "no space left on device" in done.errors:
        return failed("disk-full", resource, f"restic {command}: the disk is full", "Make room")
    if "Is there a repository at the following location?" in done.errors:
        return failed("repository-missing", resource, f"restic {command}: there is no repository: {words}", "See where it went")
    return failed("restic-failed", resource, f"restic {command} ended with exit code {done.code}: {words}", "See the journal")


def exists(repository: Repository) -> bool:
    """
    Whether there is a repository; away from here, one that this key opens.

    Raises: BackupError where it cannot be said.
    """
    if repository.where.startswith("/"):
        return Path(repository.where, "config").is_file()
    try:
        _run(repository, "cat", "config")
    except BackupError as error:
        if error.finding.id == "repository-missing":
            return False
        raise
    return True


def create(repository: Repository, like: Repository | None = None) -> None:
    """
    Make a repository. One that is `like` another shares its cuts, so that copies take no more room than the original.
    """
    alike = ["--copy-chunker-params", "--from-repo", like.where, "--from-password-file", str(PASSWORD_FILE)] if like else []
    _run(repository, "init", *alike)


def backup(repository: Repository, folder: Path, tags: Sequence[str]) -> str:
    """
    Keep the state of a folder. Returns the snapshot's id.
    """
    chosen = [part for tag in tags for part in ("--tag", tag)]
    done = _run(repository, "backup", "--json", "--ignore-inode", "--host", "flotilla", *chosen, str(folder))
    summary = next(row for row in map(json.loads, done.output.splitlines()) if row.get("message_type") == "summary")
    return str(summary["snapshot_id"])


def snapshots(repository: Repository, tag: str | None = None) -> list[Snapshot]:
    """
    What there is, the oldest first.
    """
    chosen = ["--tag", tag] if tag else []
    rows = json.loads(_run(repository, "snapshots", "--json", *chosen).output or "null") or []
    return sorted((_snapshot(row) for row in rows), key=lambda found: found.at)


def _snapshot(row: Mapping[str, Any]) -> Snapshot:
    # Nine digits after the second, which Python 3.11 reads only six of.
    clock, _, rest = row["time"].partition(".")
    zone = rest.lstrip("0123456789") if rest else ""
    at = datetime.fromisoformat(f"{clock}{zone}".replace("Z", "+00:00"))
    return Snapshot(id=row["short_id"], at=int(at.timestamp()), tags=tuple(row.get("tags") or ()), tree=row["tree"])


def restore(repository: Repository, snapshot: str, into: Path) -> None:
    """
    Write what a snapshot has into a folder.
    """
    _run(repository, "restore", snapshot, "--target", str(into))


def forget(repository: Repository, tag: str, retention: Mapping[str, int]) -> None:
    """
    Keep the last snapshots of so many days, weeks and months, and remove what nothing needs any more.
    """
    kept = [
        part for name in ("daily", "weekly", "monthly") if retention[name] for part in (f"--keep-{name}", str(retention[name]))
    ]
    _run(repository, "forget", "--tag", tag, "--group-by", "tags", *kept, "--prune")


def copy(source: Repository, target: Repository) -> None:
    """
    Have every snapshot of one repository in another, too.
    """
    options = (*target.options, *(option for option in source.options if option not in target.options))
    joined = Repository(where=target.where, resource=target.resource, more={**source.more, **target.more}, options=options)
    _run(joined, "copy", "--from-repo", source.where, "--from-password-file", str(PASSWORD_FILE))


def unlock(repository: Repository) -> None:
    """
    Remove the locks of those who were interrupted.
    """
    _run(repository, "unlock")


def check(repository: Repository, part: str) -> list[Finding]:
    """
    Read a repository and compare it with its checksums: all of it (`100%`) or a part (`5%`, chosen anew each time).
    """
    subset = ["--read-data"] if part == "100%" else [f"--read-data-subset={part}"]
    try:
        _run(repository, "check", *subset)
    except BackupError as error:
        if error.finding.id != "restic-failed":
            return [error.finding]
        fact = f"restic check found damage: {error.finding.fact.partition(': ')[2]}"
        return [Finding(id="repository-damaged", resource=repository.resource, fact=fact, next_step="Restore, then start anew")]
    return []
