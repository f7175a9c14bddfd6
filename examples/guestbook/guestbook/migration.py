"""
`python3 -m guestbook migrate`: have the table, and in it the entries that the guestbook kept in SQLite before.

Run before each release. An entry is imported once, whatever happens: it keeps the number that it had in SQLite. So a run that
was interrupted is finished by the next, and what somebody wrote while the release before still served is taken over then.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from guestbook.database import Connection, Database

TABLE = """
CREATE TABLE IF NOT EXISTS entries (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL,
    message TEXT NOT NULL,
    written_at TIMESTAMPTZ NOT NULL,
    sqlite_id BIGINT UNIQUE
);
CREATE INDEX IF NOT EXISTS entries_by_time ON entries (written_at DESC, id DESC);
"""
# Any number; two releases do not migrate at once.
LOCK = 731_005
LOCK_WAIT_S = 5.0


def migrate(database: Database, old_file: Path) -> dict[str, int]:
    """
    Do it, all or nothing. Returns how many entries there were in SQLite, and how many of them were new.

    Raises: DatabaseError, sqlite3.Error.
    """
    with database.transaction() as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        connection.execute(TABLE)
        rows = _old_rows(old_file)
        return {"found": len(rows), "imported": sum(_import(connection, row) for row in rows)}


def _old_rows(file: Path) -> list[tuple[Any, ...]]:
    if not file.is_file():
        return []
    with closing(sqlite3.connect(file, timeout=LOCK_WAIT_S)) as connection:
        return connection.execute("SELECT id, name, message, written_at FROM entries ORDER BY id").fetchall()


def _import(connection: Connection, row: tuple[Any, ...]) -> int:
    number, name, message, written_at = row
    return connection.execute(
        "INSERT INTO entries (sqlite_id, name, message, written_at) VALUES (%s, %s, %s, %s) ON CONFLICT (sqlite_id) DO NOTHING",
        (number, name, message, datetime.fromisoformat(written_at).astimezone(UTC)),
    ).rowcount
