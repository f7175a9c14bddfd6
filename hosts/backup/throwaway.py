"""
A throw-away cluster: a backup restored, recovered as far as is asked, and gone afterwards.

Its files come from a server that may have been taken over, and a database can carry programs. So it runs as a user of its own
who may read nothing of the repositories or their keys, in a unit that can write only to its own folder; in a network of its
own unless data is to be taken from it; with settings from here, and none of those that came with it.
"""

from __future__ import annotations

import math
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hosts.backup import pgbackrest, process, segments, throwaway_unit, wal
from hosts.backup.config import GUEST, KEEPER, Config, Stanza
from hosts.backup.errors import BackupError, failed
from hosts.backup.pgbackrest import Backup
from hosts.backup.session import Session, SessionError
from hosts.backup.wal_server import WalServer

UNIT = "flotilla-restore-"
POLL_S = 0.05
THERE, OVER = "there", "over"
OPEN = f"SELECT CASE WHEN NOT pg_is_in_recovery() THEN '{THERE}' END"
_LAST_TRANSACTION = re.compile(r"last completed transaction was at log time (\S+ \S+)")
# Half as much again: the log, and what a recovery writes.
ROOM = 1.5
# A record of the log that does not fit its checksum is its end, to PostgreSQL. Source: src/backend/access/transam/xlog.c (15).
LOG_ENDS_EARLY = "WAL ends before"


@dataclass(kw_only=True)
class Cluster:
    """
    A restored cluster. `reader` is the address of the server that takes data from it; without one it is in no network.
    `known_end` is the number of the segment that a recovery without a target has to get to, `durations` are in seconds.
    """

    config: Config
    stanza: Stanza
    backup: Backup
    folder: Path
    unit: str
    served: WalServer
    reader: str | None = None
    known_end: int = 0
    durations: dict[str, float] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        """
        Its data directory.
        """
        return self.folder / "data"

    def session(self, database: str) -> Session:
        """
        A session as its superuser, who is nobody outside.
        """
        where = ("-h", str(self.folder / "run"), "-p", str(self.config.serve_port), "-U", "postgres")
        return Session(database, where, GUEST, self.stanza.version)

    def recover(self, target: Mapping[str, str]) -> None:
        """
        Start it and recover up to a target (PostgreSQL's `recovery_target...`, none: as far as the log goes); it then is a
        cluster of its own that can be written to.

        Raises: BackupError where the target is not reached.
        """
        started = time.monotonic()
        self.known_end = self._known_end()
        throwaway_unit.start(self, {**target, "recovery_target_action": "promote"})
        self._await(OPEN)
        self.durations["recover"] = time.monotonic() - started

    def recover_through(self, end: str) -> None:
        """
        Start it and recover to a position in the log (`0/3000148`) after which nothing else is in its segment. It can be read
        then, and stays there until `go_on`.

        Raises: BackupError where the log does not go that far.
        """
        started = time.monotonic()
        self.served.hand_out_to(segments.number_up_to(end))
        throwaway_unit.start(self, {})
        self._await(
            f"SELECT CASE WHEN NOT pg_is_in_recovery() THEN '{OVER}' "
            f"WHEN pg_last_wal_replay_lsn() >= '{end}' THEN '{THERE}' END"
        )
        self.durations["recover to the manifest"] = time.monotonic() - started

    def go_on(self) -> None:
        """
        From there, recover as far as the log goes, as `recover` does.
        """
        started = time.monotonic()
        self.known_end = self._known_end()
        self.served.hand_out_to(math.inf)
        self._await(OPEN)
        self.durations["recover"] = time.monotonic() - started

    def require_end(self) -> str:
        """
        Where the log ended that was recovered: at the end of all that there is.

        Raises: BackupError where it ended before, because a piece is missing or damaged: PostgreSQL takes that for the end.
        """
        with self.session("postgres") as session:
            reached = session.ask("SELECT pg_current_wal_flush_lsn()")
        if segments.offset(reached) < self.known_end * segments.SIZE:
            if self.served.damaged:
                raise self.served.damaged[0]
            stopped = next((name for name in self.served.missing if segments.NAME.fullmatch(name)), "unknown")
            fact = f"the log ends at segment {stopped}, which is missing or damaged, and goes on after it"
            step = "Restore to a moment before that with `--to`; take a full backup: `flotilla backup run --full`"
            raise failed("log-missing", self.stanza.resource, fact, step)
        return reached

    def _known_end(self) -> int:
        """
        The last segment that is complete now; more may come while the recovery goes on.
        """
        archived = pgbackrest.archived(self.stanza, self.backup.archive_id)
        known = [*archived, *(path.name for path in wal.finished(self.served.received))]
        return max((segments.number(name) for name in known if segments.NAME.fullmatch(name)), default=0)

    def stop(self) -> None:
        """
        Stop it; its files stay.
        """
        process.run(["systemctl", "stop", self.unit])
        process.run(["systemctl", "reset-failed", self.unit])

    @property
    def log(self) -> str:
        """
        What it said.
        """
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.is_file() else ""

    @property
    def last_transaction(self) -> str | None:
        """
        When the last transaction was that was recovered, in UTC.
        """
        found = _LAST_TRANSACTION.findall(self.log)
        return found[-1] if found else None

    def _await(self, question: str) -> None:
        """
        Ask until the answer is THERE. Raises: BackupError where it is OVER, or the cluster ends.
        """
        deadline = time.monotonic() + throwaway_unit.LONGEST_S
        while time.monotonic() < deadline:
            try:
                with self.session("postgres") as session:
                    while time.monotonic() < deadline:
                        answer = session.ask(question)
                        if answer == THERE:
                            return
                        if answer == OVER:
                            raise self._explained()
                        time.sleep(POLL_S)
            except SessionError:
                time.sleep(POLL_S)
            if not self._is_running():
                raise self._explained()
        raise failed("restore-slow", self.stanza.resource, "the recovery did not end in time", "See the log of the server")

    def _is_running(self) -> bool:
        return process.run(["systemctl", "is-active", "--quiet", self.unit]).code == 0

    def _explained(self) -> BackupError:
        """
        Why a recovery ended early: a piece of the log that is missing or damaged, if that is so.
        """
        if self.served.damaged:
            return self.served.damaged[0]
        words = [line.partition(" UTC ")[2] or line for line in self.log.splitlines() if "FATAL" in line or "PANIC" in line]
        missing = [name for name in self.served.missing if not name.endswith(".history")]
        said = f": {words[-1]}" if words else ""
        if missing:
            fact = f"the recovery of {self.backup.label} ended early, at segment {missing[-1]} of the log{said}"
            return failed("log-missing", self.stanza.resource, fact, "Take a full backup: `flotilla backup run --full`")
        if any(LOG_ENDS_EARLY in line for line in words):
            damaged = self.served.served[-1] if self.served.served else "its first"
            fact = f"the log of backup {self.backup.label} is damaged in segment {damaged}{said}"
            return failed("backup-damaged", self.stanza.resource, fact, "Take a full backup: `flotilla backup run --full`")
        fact = f"backup {self.backup.label} does not start{said}"
        return failed("restore-failed", self.stanza.resource, fact, "Take a full backup: `flotilla backup run --full`")


@contextmanager
def restored(config: Config, stanza: Stanza, backup: Backup, reader: str | None = None) -> Iterator[Cluster]:
    """
    The files of a backup in a folder, as a cluster that was not started yet; gone afterwards.
    """
    sweep(config)
    name = f"{stanza.name}-{secrets.token_hex(4)}"
    folder = config.scratch / name
    unit = f"{UNIT}{name}.service"
    _require_room(config, stanza, backup)
    folder.mkdir(parents=True)
    try:
        started = time.monotonic()
        (folder / "data").mkdir(mode=0o700)
        shutil.chown(folder / "data", KEEPER, KEEPER)
        pgbackrest.restore(stanza, backup.label, folder / "data")
        _hand_over(folder)
        received = wal.folder(config, stanza, backup.system_id)
        with WalServer(stanza, folder, received) as served:
            cluster = Cluster(
                config=config, stanza=stanza, backup=backup, folder=folder, unit=unit, served=served, reader=reader
            )
            cluster.durations["restore"] = time.monotonic() - started
            try:
                yield cluster
            finally:
                cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _hand_over(folder: Path) -> None:
    """
    What was restored belongs to the guest from here on; a copy of pg_control stays behind for the archive to be asked with.
    """
    data, control = folder / "data", folder / "control" / "global"
    control.mkdir(parents=True)
    shutil.copyfile(data / "global" / "pg_control", control / "pg_control")
    process.run(["chown", "-R", f"{KEEPER}:", str(folder / "control")])
    (data / "postgresql.auto.conf").write_text("")
    (folder / "run").mkdir()
    process.run(["chown", "-R", "-h", f"{GUEST}:", str(data), str(folder / "run")])


def _require_room(config: Config, stanza: Stanza, backup: Backup) -> None:
    free = shutil.disk_usage(config.repository).free
    if free < ROOM * backup.size:
        fact = f"a restore of {backup.label} takes {_gb(ROOM * backup.size)} GB, and {_gb(free)} GB are free"
        raise failed("no-room", stanza.resource, fact, "Grow the disk of the backup server")


def _gb(size: float) -> str:
    return f"{size / 1e9:.1f}"


def sweep(config: Config) -> None:
    """
    Remove what interrupted restores left: the caller holds the lock, so none is going on.
    """
    if not config.scratch.is_dir():
        return
    for folder in config.scratch.iterdir():
        process.run(["systemctl", "stop", f"{UNIT}{folder.name}.service"])
        shutil.rmtree(folder, ignore_errors=True)
