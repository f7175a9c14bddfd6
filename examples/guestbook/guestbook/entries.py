"""
The entries, in SQLite.

In WAL mode several processes may read and write at once, so two releases of the app can share the database while one takes
over. A change to the table must therefore suit the release before it too.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

LOCK_WAIT_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Entry:
    """
    What one person left. `written_at` is UTC.
    """

    name: str
    message: str
    written_at: datetime


class Entries:
    """
    All entries in one database file; safe to use from any thread and from several processes.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS entries "
                "(id INTEGER PRIMARY KEY, name TEXT NOT NULL, message TEXT NOT NULL, written_at TEXT NOT NULL)"
            )

    def add(self, entry: Entry) -> None:
        """
        Keep an entry for good.
        """
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO entries (name, message, written_at) VALUES (?, ?, ?)",
                (entry.name, entry.message, entry.written_at.astimezone(UTC).isoformat(timespec="seconds")),
            )

    def latest(self, limit: int) -> list[Entry]:
        """
        The newest entries, newest first.
        """
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT name, message, written_at FROM entries ORDER BY id DESC LIMIT ?", (limit,)
            ).fetchall()
        return [Entry(name=name, message=message, written_at=datetime.fromisoformat(at)) for name, message, at in rows]

    def count(self) -> int:
        """
        How many entries there are.
        """
        with self._connection() as connection:
            (count,) = connection.execute("SELECT count(*) FROM entries").fetchone()
        return int(count)

    def check(self) -> None:
        """
        Raises: sqlite3.Error if the database does not answer, or is not there any more.
        """
        with self._connection() as connection:
            connection.execute("SELECT 1 FROM entries LIMIT 1")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.file, timeout=LOCK_WAIT_S)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            with connection:
                yield connection
