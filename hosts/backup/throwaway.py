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

from hosts.backup import pgbackrest, process, segments, wal
from hosts.backup.config import FOLDER, GUEST, KEEPER, Config, Stanza
from hosts.backup.errors import BackupError, failed
from hosts.backup.pgbackrest import Backup
from hosts.backup.session import Session, SessionError
from hosts.backup.wal_server import WalServer

CLIENT = Path(__file__).with_name("wal_client.py")
UNIT = "flotilla-restore-"
POLL_S = 0.05
THERE, OVER = "there", "over"
OPEN = f"SELECT CASE WHEN NOT pg_is_in_recovery() THEN '{THERE}' END"
# For pg_control to be consistent with what the settings ask; PostgreSQL 15, "Hot Standby", section "Administrator's Overview".
_NEEDED = ("max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_xacts", "max_locks_per_xact")
_SETTING = {"max_prepared_xacts": "max_prepared_transactions", "max_locks_per_xact": "max_locks_per_transaction"}
_LAST_TRANSACTION = re.compile(r"last completed transaction was at log time (\S+ \S+)")
# The first version that looks ahead. Source: PostgreSQL 15, release notes.
HAS_PREFETCH = 15
# Half as much again: the log, and what a recovery writes.
ROOM = 1.5
LONGEST_S = 86_400


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
        self._write_settings({**target, "recovery_target_action": "promote"})
        self._start()
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
        self._write_settings({})
        self._start()
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

    def _write_settings(self, recovery: Mapping[str, str]) -> None:
        conf = self.folder / "conf"
        conf.mkdir(exist_ok=True, mode=0o755)
        client = f"/usr/bin/python3 -I -S {CLIENT} {self.served.path} %f %p"
        settings = {
            "data_directory": str(self.data),
            "hba_file": str(conf / "pg_hba.conf"),
            "ident_file": str(conf / "pg_ident.conf"),
            "unix_socket_directories": str(self.folder / "run"),
            "listen_addresses": self.config.address if self.reader else "",
            "port": str(self.config.serve_port),
            "ssl": "on" if self.reader else "off",
            "ssl_cert_file": str(conf / "server.crt"),
            "ssl_key_file": str(conf / "server.key"),
            "password_encryption": "scram-sha-256",
            "restore_command": client,
            "recovery_target_timeline": "latest",
            "hot_standby": "on",
            "archive_mode": "off",
            # Nothing of it outlives a restart of the machine.
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "autovacuum": "off",
            "shared_buffers": "128MB",
            "maintenance_work_mem": "128MB",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "1h",
            # Whoever may read everything may read large objects, too.
            "lo_compat_privileges": "on",
            "log_timezone": "UTC",
            "lc_messages": "C",
            "logging_collector": "off",
            # Looking ahead, it would wait for a segment before it has replayed what it has.
            **({"recovery_prefetch": "off"} if self.stanza.version >= HAS_PREFETCH else {}),
            **self._needed(),
            **recovery,
        }
        lines = (f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items())
        (conf / "postgresql.conf").write_text("".join(lines))
        reachable = f"hostssl all {DUMPER} {self.reader}/32 scram-sha-256\n" if self.reader else ""
        for name in ("server.crt", "server.key"):
            shutil.copyfile(FOLDER / name, conf / name)
            (conf / name).chmod(0o600)
            shutil.chown(conf / name, GUEST, GUEST)
        (conf / "pg_hba.conf").write_text(f"local all all trust\n{reachable}")
        (conf / "pg_ident.conf").write_text("")
        (self.data / "recovery.signal").touch()
        shutil.chown(self.data / "recovery.signal", GUEST, GUEST)

    def _needed(self) -> dict[str, str]:
        done = process.run([_binary(self.stanza, "pg_controldata"), "-D", str(self.data)], user=GUEST)
        shown = dict(line.split(" setting:", 1) for line in done.output.splitlines() if " setting:" in line)
        return {_SETTING.get(name, name): shown[name].strip() for name in _NEEDED if name in shown}

    def _start(self) -> None:
        network = "no" if self.reader else "yes"
        families = "AF_UNIX AF_INET AF_INET6" if self.reader else "AF_UNIX"
        properties = [
            f"User={GUEST}",
            "UMask=0077",
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "ProtectHome=yes",
            "PrivateTmp=yes",
            f"ReadWritePaths={self.folder}",
            f"InaccessiblePaths={FOLDER}",
            *(f"InaccessiblePaths=-{self.config.repository / name}" for name in HIDDEN),
            f"PrivateNetwork={network}",
            f"RestrictAddressFamilies={families}",
            "CapabilityBoundingSet=",
            # Nobody needs its files any more.
            "KillSignal=SIGQUIT",
            "TimeoutStopSec=30",
            f"RuntimeMaxSec={LONGEST_S}",
            f"StandardOutput=append:{self.folder}/log",
            f"StandardError=append:{self.folder}/log",
        ]
        argv = ["systemd-run", "--quiet", f"--unit={self.unit}", *(f"--property={line}" for line in properties)]
        argv += [_binary(self.stanza, "postgres"), f"--config-file={self.folder / 'conf' / 'postgresql.conf'}"]
        done = process.run(argv)
        if done.code != 0:
            raise failed("restore-failed", self.stanza.resource, f"the throw-away cluster: {done.words}", "See its journal")

    def _await(self, question: str) -> None:
        """
        Ask until the answer is THERE. Raises: BackupError where it is OVER, or the cluster ends.
        """
        deadline = time.monotonic() + LONGEST_S
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
        fact = f"backup {self.backup.label} does not start{said}"
        return failed("restore-failed", self.stanza.resource, fact, "Take a full backup: `flotilla backup run --full`")


# Who takes data from a cluster that is reachable.
DUMPER = "flotilla_restore"
HIDDEN = ("pgbackrest", "restic", "manifests", "records", "staging", "wal")


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


def _binary(stanza: Stanza, name: str) -> str:
    return f"/usr/lib/postgresql/{stanza.version}/bin/{name}"


def sweep(config: Config) -> None:
    """
    Remove what interrupted restores left: the caller holds the lock, so none is going on.
    """
    if not config.scratch.is_dir():
        return
    for folder in config.scratch.iterdir():
        process.run(["systemctl", "stop", f"{UNIT}{folder.name}.service"])
        shutil.rmtree(folder, ignore_errors=True)
