"""
On a database server: take a database from a restored cluster into a new one, compare the two, and put it in the place of the
existing one if that was asked for. What was there before is kept under another name.

Reads {address, port, user, password, source, target, replace, facts} on standard input, answers with one JSON document.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hosts.backup import fingerprint, process
from hosts.backup.gate import CONFIG
from hosts.backup.session import Session, SessionError

USER = "postgres"
AUTHORITY = "/etc/flotilla/authority.crt"
SOCKETS = "/var/run/postgresql"
# The data, its indexes, and the log of writing both.
ROOM = 1.5


class PullError(Exception):
    """
    It cannot go on; the text says why.
    """


def main() -> int:
    """
    Carry out one request.
    """
    request = json.load(sys.stdin)
    started = time.monotonic()
    try:
        document = _Pull(request).run()
    except (PullError, SessionError) as error:
        document = {"findings": [{"id": "restore-failed", "resource": f"database:{request['target']}", "fact": str(error)}]}
    document["duration_s"] = round(time.monotonic() - started, 2)
    sys.stdout.write(json.dumps(document) + "\n")
    return 1 if document["findings"] else 0


class _Pull:
    def __init__(self, request: Mapping[str, Any]) -> None:
        self.request = request
        self.source, self.target = str(request["source"]), str(request["target"])
        cluster = json.loads(CONFIG.read_text())["database"]
        self.port, self.version = cluster["port"], cluster["version"]
        self.data = Path(cluster["data_directory"])

    def run(self) -> dict[str, Any]:
        self._require_room()
        self._make()
        try:
            with self._passfile() as passfile:
                self._copy(passfile)
                found = self._compared(passfile)
        except (PullError, SessionError):
            self._drop()
            raise
        if not found["findings"] and self.request["replace"]:
            found["kept"] = self._swap(self.request["replace"])
            found["database"] = self.request["replace"]
        return found

    def _here(self, database: str) -> Session:
        return Session(database, ("-h", SOCKETS, "-p", str(self.port)), USER, self.version)

    def _where(self, passfile: str) -> str:
        request = self.request
        return (
            f"host={request['address']} port={request['port']} user={request['user']} passfile={passfile} "
            f"sslmode=verify-full sslrootcert={AUTHORITY} connect_timeout=15"
        )

    @contextmanager
    def _passfile(self) -> Iterator[str]:
        with tempfile.TemporaryDirectory(dir="/run", prefix="flotilla-restore-") as folder:
            path = Path(folder) / "pgpass"
            path.touch(mode=0o600)
            request = self.request
            path.write_text(f"{request['address']}:{request['port']}:*:{request['user']}:{request['password']}\n")
            for owned in (Path(folder), path):
                shutil.chown(owned, USER, USER)
            yield str(path)

    def _require_room(self) -> None:
        free, needed = shutil.disk_usage(self.data).free, ROOM * self.request["facts"]["size"]
        if free < needed:
            raise PullError(f"the restored database takes about {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free")

    def _make(self) -> None:
        facts = self.request["facts"]
        owner, collate, ctype = (str(facts[name]).replace("'", "''") for name in ("owner", "collate", "ctype"))
        with self._here("postgres") as session:
            if session.ask(f"SELECT 1 FROM pg_database WHERE datname = '{self.target}'"):
                raise PullError(f"there is a database {self.target} already")
            known = session.ask(f"SELECT 1 FROM pg_roles WHERE rolname = '{owner}'")
            session.ask(
                f"CREATE DATABASE \"{self.target}\" TEMPLATE template0 ENCODING '{facts['encoding']}' "
                f"LC_COLLATE '{collate}' LC_CTYPE '{ctype}'" + (f' OWNER "{owner}"' if known else "")
            )
            session.ask(f'REVOKE ALL ON DATABASE "{self.target}" FROM PUBLIC')

    def _drop(self) -> None:
        """
        Half a database is of no use to anybody.
        """
        with self._here("postgres") as session:
            session.ask(f'DROP DATABASE IF EXISTS "{self.target}" WITH (FORCE)')

    def _copy(self, passfile: str) -> None:
        """
        Both ends run at once; either one's failure is one of the whole.
        """
        folder = f"/usr/lib/postgresql/{self.version}/bin"
        out = [f"{folder}/pg_dump", "-Fc", "-Z0", "-d", f"{self._where(passfile)} dbname='{self.source}'"]
        back = [f"{folder}/pg_restore", "--exit-on-error", "-h", SOCKETS, "-p", str(self.port), "-d", self.target]
        common: dict[str, Any] = {"cwd": "/", "env": process.environment(USER), **process.identity(USER)}
        with tempfile.TemporaryFile() as said_out, tempfile.TemporaryFile() as said_back:
            dump = subprocess.Popen(out, stdout=subprocess.PIPE, stderr=said_out, **common)
            restore = subprocess.Popen(back, stdin=dump.stdout, stderr=said_back, **common)
            if dump.stdout:
                dump.stdout.close()
            codes = {"pg_restore": restore.wait(), "pg_dump": dump.wait()}
            for name, said in (("pg_dump", said_out), ("pg_restore", said_back)):
                if codes[name] != 0 and not (name == "pg_dump" and codes["pg_restore"] != 0):
                    said.seek(0)
                    words = said.read().decode(errors="replace").strip().splitlines()[-3:]
                    raise PullError(f"{name} ended with exit code {codes[name]}: {' / '.join(words)}")

    def _compared(self, passfile: str) -> dict[str, Any]:
        """
        A copy that is not the same is no copy, whatever the programs said.
        """
        found = []
        for session in (self._remote(passfile), self._here(self.target)):
            with session:
                found.append(fingerprint.take(session, fingerprint.tables(session)))
        wanted, there = found
        if not wanted["tables"] and self.request["facts"].get("must_have_tables"):
            raise PullError("the restored database has no tables")
        resource = f"database:{self.target}"
        told = fingerprint.differences(wanted, there)
        return {
            "database": self.target,
            "tables": len(there["tables"]),
            "rows": fingerprint.total_rows([there]),
            "findings": [{"id": "content-differs", "resource": resource, "fact": fact} for fact in told],
        }

    def _remote(self, passfile: str) -> Session:
        return Session(self.source, (), USER, self.version, more=f"{self._where(passfile)} ")

    def _swap(self, name: str) -> str | None:
        """
        Put the new database in the place of the old one, in one transaction as far as PostgreSQL has one for this.
        """
        kept = f"{name}_before_{time.strftime('%Y%m%d%H%M%S', time.gmtime())}"
        with self._here("postgres") as session:
            is_there = session.ask(f"SELECT 1 FROM pg_database WHERE datname = '{name}'")
            if is_there:
                session.ask(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
                session.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
                # What was ended takes a moment to be gone.
                session.ask("SELECT pg_sleep(1)")
                session.ask(f'ALTER DATABASE "{name}" RENAME TO "{kept}"')
                session.ask(f'ALTER DATABASE "{kept}" ALLOW_CONNECTIONS true')
            session.ask(f'ALTER DATABASE "{self.target}" RENAME TO "{name}"')
        return kept if is_there else None
