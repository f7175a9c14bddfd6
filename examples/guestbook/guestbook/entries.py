"""
The entries. Two releases of the app share them while one takes over: a change to the table must suit the one before it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from guestbook.database import Database


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
    All entries in the database; `guestbook/migration.py` made their table.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, entry: Entry) -> None:
        """
        Keep an entry for good.
        """
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO entries (name, message, written_at) VALUES (%s, %s, %s)",
                (entry.name, entry.message, entry.written_at),
            )

    def latest(self, limit: int) -> list[Entry]:
        """
        The newest entries, newest first.
        """
        with self._database.transaction() as connection:
            rows = connection.execute(
                "SELECT name, message, written_at FROM entries ORDER BY written_at DESC, id DESC LIMIT %s", (limit,)
            ).fetchall()
        return [Entry(name=name, message=message, written_at=at.astimezone(UTC)) for name, message, at in rows]

    def count(self) -> int:
        """
        How many entries there are.
        """
        with self._database.transaction() as connection:
            (count,) = connection.execute("SELECT count(*) FROM entries").fetchone() or (0,)
        return int(count)

    def check(self) -> None:
        """
        Raises: DatabaseError if the database does not answer, or has no table for entries.
        """
        with self._database.transaction() as connection:
            connection.execute("SELECT 1 FROM entries LIMIT 1")
