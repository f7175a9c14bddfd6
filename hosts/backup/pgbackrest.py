"""
pgBackRest 2.45, behind plain functions: nobody else knows its command lines or how it words things.

It was archived in April 2026 and taken up again in May; should it end, this module is what has to be written anew.
`pgbackrest verify` logs damage and exits with 0, so its report is read. It does not see a segment that is missing between two
others at all, so gaps are looked for here. Source: src/command/verify/verify.c at release/2.45, and tried; 2026-11-26.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hosts.backup import process, segments
from hosts.backup.config import FOLDER, KEEPER, Stanza
from hosts.backup.errors import BackupError, Finding, failed

CONFIG = FOLDER / "pgbackrest.conf"
# The repository alone, without the servers that data comes from: for what happens on this server only.
LOCAL = FOLDER / "pgbackrest-local.conf"
BINARY = "/usr/bin/pgbackrest"
# Exit codes of 2.45, src/common/error.auto.c: what a wrong key ends in is one of these, with these words.
_KEY_WORDS = ("CryptoError", "unable to flush", "bad decrypt", "cipher header invalid", "unable to load info file")
_DISK_WORDS = ("No space left on device",)
_ARCHIVED = re.compile(r"([0-9A-F]{24})-[0-9a-f]{40}(?:\.(?:gz|lz4|zst|bz2))?")
_HISTORY = re.compile(r"([0-9A-F]{8})\.history")
_BACKUP_STATUS = re.compile(r"backup: (\S+), status: (.+?), total files checked: (\d+), total valid files: (\d+)")
_ARCHIVE_STATUS = re.compile(r"archiveId: (\S+), total WAL checked: (\d+), total valid WAL: (\d+)")
_LABEL = re.compile(r"[0-9]{8}-[0-9]{6}F(?:_[0-9]{8}-[0-9]{6}[DI])?")


@dataclass(frozen=True, kw_only=True)
class Backup:
    """
    One backup that is complete in the repository. `reference` are those that it cannot do without; sizes in bytes, times in
    seconds since 1970, `start` and `stop` are segments of the write-ahead log.
    """

    label: str
    kind: str
    archive_id: str
    system_id: int
    start: str
    stop: str
    started: int
    stopped: int
    size: int
    stored: int
    is_damaged: bool
    reference: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Information:
    """
    What the repository has of a cluster. `system_ids` is {archive id: system identifier}, the last is the current one.
    `is_running`: a backup is being taken now.
    """

    backups: tuple[Backup, ...]
    archive_ids: tuple[str, ...]
    system_ids: dict[str, int]
    is_running: bool = False

    @property
    def system_id(self) -> int | None:
        """
        The cluster that backups are taken of now.
        """
        return next(reversed(self.system_ids.values()), None)

    @property
    def archive_id(self) -> str | None:
        """
        Where its log is kept.
        """
        return next(reversed(self.system_ids), None)


def _run(stanza: Stanza, command: str, *options: str) -> str:
    done = process.run([BINARY, f"--config={CONFIG}", f"--stanza={stanza.name}", *options, command], user=KEEPER)
    if done.code != 0:
        raise _explained(stanza, command, done)
    return done.output


def _run_local(stanza: Stanza, command: str, *options: str, arguments: Sequence[str] = ()) -> process.Done:
    argv = [BINARY, f"--config={LOCAL}", f"--stanza={stanza.name}", "--log-level-file=off", *options, command, *arguments]
    return process.run(argv, user=KEEPER)


def _explained(stanza: Stanza, command: str, done: process.Done) -> BackupError:
    said = f"{done.errors} {done.output}"
    if any(word in said for word in _DISK_WORDS):
        return failed("disk-full", stanza.resource, f"pgbackrest {command}: the backup disk is full", "Grow the disk")
    # The key was good for the list of backups just now: what cannot be deciphered in one of them is damaged.
    if command.startswith(("restore", "archive-get")):
        fact = f"pgbackrest {command} ended with exit code {done.code}: {done.words}"
        step = "Take a full backup: `flotilla backup run --full`, or restore an older one with `--label`"
        return failed("backup-damaged", stanza.resource, fact, step)
    if "FileMissingError" in said and command != "info":
        fact = f"pgbackrest {command}: a file that the repository must have is missing: {done.words}"
        return failed("repository-damaged", stanza.resource, fact, "See the repository's folder; restore it from off-site")
    if any(word in said for word in _KEY_WORDS):
        return failed(
            "wrong-key",
            stanza.resource,
            f"pgbackrest {command}: the repository cannot be read with this key: {done.words}",
            "Set `flotilla:secrets.key` to the key that the backups were made with",
        )
    fact = f"pgbackrest {command} ended with exit code {done.code}: {done.words}"
    return failed("pgbackrest-failed", stanza.resource, fact, "See the journal of the backup server")


def create(stanza: Stanza) -> None:
    """
    Have a place in the repository for a cluster. Without effect where there is one.
    """
    _run(stanza, "stanza-create")


def adopt(stanza: Stanza) -> None:
    """
    Take backups of the cluster that is there now, which is another than before; what there is of the old one is kept.
    """
    _run(stanza, "stanza-upgrade")


def backup(stanza: Stanza, kind: str) -> None:
    """
    Take a backup: `full` or `diff`. Ends when the log that it needs is in the archive. Nothing expires here: see `expire`.
    """
    _run(stanza, "backup", f"--type={kind}", "--no-expire-auto")


def information(stanza: Stanza) -> Information:
    """
    What the repository says.
    """
    output = _run(stanza, "info", "--output=json")
    # Not strict: what is wrong stands in it with the ends of its lines as they are.
    return parse_information(stanza, json.loads(output, strict=False))


def parse_information(stanza: Stanza, document: Sequence[dict[str, Any]]) -> Information:
    """
    The one stanza of `pgbackrest info --output=json`.

    Raises: BackupError where the repository could not be read: the exit code is 0 all the same.
    """
    if not document:
        return Information(backups=(), archive_ids=(), system_ids={})
    (found,) = document
    status = found["status"]
    # 0 ok, 1 missing stanza path, 2 no valid backups; all else is about what cannot be read (src/command/info/info.c, 2.45).
    if status["code"] not in (0, 1, 2):
        message = " ".join(str(repo["status"]["message"]) for repo in found.get("repo", ())) or status["message"]
        done = process.Done(code=status["code"], output="", errors=message)
        raise _explained(stanza, "info", done)
    system_ids = {f"{entry['version']}-{entry['id']}": int(entry["system-id"]) for entry in found.get("db", ())}
    return Information(
        backups=tuple(_backup(entry, system_ids) for entry in found.get("backup", ())),
        archive_ids=tuple(entry["id"] for entry in found.get("archive", ())),
        system_ids=system_ids,
        is_running=bool(status.get("lock", {}).get("backup", {}).get("held")),
    )


def _backup(entry: dict[str, Any], system_ids: dict[str, int]) -> Backup:
    archive_id = next(name for name in system_ids if name.endswith(f"-{entry['database']['id']}"))
    return Backup(
        label=entry["label"],
        kind=entry["type"],
        archive_id=archive_id,
        system_id=system_ids[archive_id],
        start=entry["archive"]["start"],
        stop=entry["archive"]["stop"],
        started=entry["timestamp"]["start"],
        stopped=entry["timestamp"]["stop"],
        size=entry["info"]["size"],
        stored=entry["info"]["repository"]["size"],
        is_damaged=bool(entry["error"]),
        reference=tuple(entry["reference"] or ()),
    )


def labels(stanza: Stanza) -> list[str]:
    """
    The folders of backups in the repository: one that is not in `information` was interrupted.
    """
    listed = _list(stanza, f"backup/{stanza.name}")
    return sorted(name for name in listed if _LABEL.fullmatch(name))


def archived(stanza: Stanza, archive_id: str) -> list[str]:
    """
    The segments of a cluster's log that the repository has, in order.
    """
    listed = _list(stanza, f"archive/{stanza.name}/{archive_id}", "--recurse")
    matches = (_ARCHIVED.fullmatch(Path(name).name) for name in listed)
    return sorted(match[1] for match in matches if match)


def histories(stanza: Stanza, archive_id: str) -> list[str]:
    """
    The timelines that the repository has the history of.
    """
    listed = _list(stanza, f"archive/{stanza.name}/{archive_id}")
    return sorted(match[1] for match in map(_HISTORY.fullmatch, listed) if match)


def _list(stanza: Stanza, path: str, *options: str) -> dict[str, Any]:
    done = process.run([BINARY, f"--config={LOCAL}", "--output=json", *options, "repo-ls", path], user=KEEPER)
    if done.code != 0:
        raise _explained(stanza, "repo-ls", done)
    return dict(json.loads(done.output or "{}"))


def check_all(stanza: Stanza) -> list[Finding]:
    """
    Read everything that the repository has of a cluster and compare it with its checksums.
    """
    return list(parse_verify(stanza, _run(stanza, "verify", "--output=text", "--verbose")))


def parse_verify(stanza: Stanza, text: str) -> Iterable[Finding]:
    """
    What the text of `pgbackrest verify --output=text --verbose` says is wrong. A text without a verdict is none either.
    """
    renew = "Take a full backup: `flotilla backup run --full`"
    for match in _ARCHIVE_STATUS.finditer(text):
        if match[2] != match[3]:
            damaged = int(match[2]) - int(match[3])
            fact = f"{damaged} of {match[2]} archived segments of the log ({match[1]}) are damaged"
            yield Finding(id="archive-damaged", resource=stanza.resource, fact=fact, next_step=renew)
    for match in _BACKUP_STATUS.finditer(text):
        if match[2] != "valid" or match[3] != match[4]:
            broken = int(match[3]) - int(match[4])
            fact = f"{broken} of {match[3]} files of backup {match[1]} are damaged or missing ({match[2]})"
            yield Finding(id="backup-damaged", resource=stanza.resource, fact=fact, next_step=renew)
    verdict = re.search(r"^status: (.+)$", text, re.MULTILINE)
    if verdict is None or verdict[1] != "ok":
        fact = f"pgbackrest verify says: {verdict[1]}" if verdict else "pgbackrest verify gave no verdict"
        yield Finding(id="repository-damaged", resource=stanza.resource, fact=fact, next_step=renew)


def restore(stanza: Stanza, label: str, into: Path) -> None:
    """
    Write the files of a backup into a folder that the caller owns. How far it is recovered is the caller's to say.
    """
    options = (f"--pg1-path={into}", f"--set={label}", "--type=none", "--process-max=2")
    done = _run_local(stanza, "restore", *options)
    if done.code != 0:
        raise _explained(stanza, f"restore of {label}", done)


def fetch(stanza: Stanza, control: Path, name: str, into: Path) -> bool:
    """
    Get a file of the log from the archive; False where it has none of that name. `control` is a folder with the cluster's
    `global/pg_control`.
    """
    done = _run_local(stanza, "archive-get", f"--pg1-path={control}", arguments=(name, str(into)))
    if done.code not in (0, 1):
        raise _explained(stanza, f"archive-get {name}", done)
    return done.code == 0


def push(stanza: Stanza, file: Path) -> None:
    """
    Put a finished segment of the log, or a timeline's history, into the archive. The same one twice does no harm.

    No `pg1-path`: the system identifier is read from the segment's header and compared with the archive's.
    Source: src/command/archive/push/push.c at release/2.45, `archivePushCheck`; read 2026-11-26.
    """
    done = _run_local(stanza, "archive-push", arguments=(str(file),))
    if done.code != 0:
        raise _explained(stanza, f"archive-push {file.name}", done)


def expire(stanza: Stanza, label: str | None = None) -> None:
    """
    Remove a backup and all that cannot do without it; in any case, the log that nothing needs any more.
    """
    _run(stanza, "expire", *([f"--set={label}"] if label else []))


def gaps(found: Sequence[str], needed_from: str) -> list[str]:
    """
    The segments that are missing between `needed_from` and the last one that is there, on the same timeline.
    """
    timeline = needed_from[:8]
    there = [name for name in found if name[:8] == timeline and name >= needed_from]
    last = there[-1] if there else needed_from
    return sorted(set(segments.between(needed_from, last)) - set(there))
