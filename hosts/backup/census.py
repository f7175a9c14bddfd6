"""
On a database server: what its databases hold at one exact moment, which a restore can be recovered to.

For that moment, some milliseconds, nobody may write: every table is locked against writers, each database gets a snapshot, and
PostgreSQL's log gets a restore point, with which its segment ends; then the locks are gone, and the counting goes on in the
snapshots. A writer that holds on to a table for longer than `LOCK_TIMEOUT_S` is not waited for, so that others do not wait
behind us: all is let go, and tried again later.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from hosts.backup import fingerprint
from hosts.backup.fingerprint import Table
from hosts.backup.session import Session, SessionError

LOCK_TIMEOUT_S = 2
ATTEMPTS = 10
PAUSE_S = 6
USER = "postgres"


class CensusError(Exception):
    """
    There is no such moment to be had; the text says why.
    """


def take(label: str, port: int, version: int) -> dict[str, Any]:
    """
    {restore_point, position, end, timeline, system_id, taken_at, databases: {name: fingerprint}} of all that are not templates.
    """
    where = ("-p", str(port), "-h", "/var/run/postgresql")
    words = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE_S)
        try:
            return _attempt(label, where, version)
        except SessionError as error:
            words = str(error)
    raise CensusError(f"no moment without writers in {ATTEMPTS} attempts: {words}")


def _attempt(label: str, where: Sequence[str], version: int) -> dict[str, Any]:
    with ExitStack() as open_sessions:
        main = open_sessions.enter_context(Session("postgres", where, USER, version))
        names = json.loads(main.ask(_DATABASES))
        holders = {name: open_sessions.enter_context(Session(name, where, USER, version)) for name in names}
        readers = {name: open_sessions.enter_context(Session(name, where, USER, version)) for name in names}
        for holder in holders.values():
            holder.ask(f"SET lock_timeout = '{LOCK_TIMEOUT_S}s'; BEGIN")
        found = {name: _locked(holder) for name, holder in holders.items()}
        for reader in readers.values():
            reader.ask("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1")
        # Before the moment: values may be drawn at any time, so that a restore stands there or further.
        drawn = {name: fingerprint.sequences(holder) for name, holder in holders.items()}
        moment = json.loads(main.ask(_moment(label)))
        # The segment ends with that moment: the archive has it at once, and a copy that has read it to its end is there.
        moment["end"] = main.ask("SELECT pg_switch_wal()")
        if any(fingerprint.tables(holder) != found[name] for name, holder in holders.items()):
            raise SessionError("tables were made or removed at that moment")
        for holder in holders.values():
            holder.ask("COMMIT")
        counted = {
            name: {**fingerprint.take(reader, found[name]), "sequences": drawn[name]} for name, reader in readers.items()
        }
    return {**moment, "databases": counted}


def _locked(holder: Session) -> list[Table]:
    """
    The tables of a database, all locked against writers. One that came in between is not among them, so they are read again.
    """
    while True:
        before = fingerprint.tables(holder)
        if before:
            holder.ask(f"LOCK TABLE ONLY {', ONLY '.join(table.written for table in before)} IN SHARE MODE")
        if fingerprint.tables(holder) == before:
            return before


_DATABASES = "SELECT json_agg(datname ORDER BY datname)::text FROM pg_database WHERE NOT datistemplate AND datallowconn"


def _moment(label: str) -> str:
    return f"""\
SELECT json_build_object('restore_point', '{label}', 'position', pg_create_restore_point('{label}')::text,
'timeline', (SELECT timeline_id FROM pg_control_checkpoint()), 'system_id', (SELECT system_identifier FROM pg_control_system()),
'taken_at', extract(epoch FROM clock_timestamp())::bigint)::text"""
