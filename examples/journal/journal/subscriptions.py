"""
Who gets new articles by mail, in SQLite. Ending a subscription needs the signed link that is in every mail.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

LOCK_WAIT_S = 5.0
# What mail systems accept in practice; RFC 5321 limits the whole to 254.
_EMAIL = re.compile(
    r"(?=.{6,254}\Z)[A-Za-z0-9._%+-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}", re.ASCII
)


class Subscriptions:
    """
    All subscriptions in one database file; safe to use from any thread and from several processes.
    """

    def __init__(self, file: Path, key: bytes) -> None:
        self.file = file
        self._key = key
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE IF NOT EXISTS subscriptions (email TEXT PRIMARY KEY, since TEXT NOT NULL)")

    def add(self, email: str) -> bool:
        """
        Subscribe an address, which may be there already; False if it is not one.
        """
        if not _EMAIL.fullmatch(email):
            return False
        with self._connection() as connection:
            connection.execute(
                "INSERT INTO subscriptions (email, since) VALUES (?, ?) ON CONFLICT (email) DO NOTHING",
                (email.lower(), datetime.now(UTC).isoformat(timespec="seconds")),
            )
        return True

    def remove(self, email: str, token: str) -> bool:
        """
        End a subscription; False unless the token is this address's.
        """
        if not hmac.compare_digest(token.encode(), self.token(email).encode()):
            return False
        with self._connection() as connection:
            connection.execute("DELETE FROM subscriptions WHERE email = ?", (email.lower(),))
        return True

    def token(self, email: str) -> str:
        """
        What the link to end this address's subscription carries.
        """
        return hmac.new(self._key, email.lower().encode(), hashlib.sha256).hexdigest()

    def all(self) -> list[str]:
        """
        Every address, in order.
        """
        with self._connection() as connection:
            return [str(email) for (email,) in connection.execute("SELECT email FROM subscriptions ORDER BY email")]

    def check(self) -> None:
        """
        Raises: sqlite3.Error if the database does not answer.
        """
        with self._connection() as connection:
            connection.execute("SELECT 1 FROM subscriptions LIMIT 1")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.file, timeout=LOCK_WAIT_S)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            with connection:
                yield connection
