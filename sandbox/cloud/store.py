"""
The sandbox cloud's memory: JSON documents in SQLite, so that what was made survives a restart of the emulators.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Document = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counters (kind TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""


class Store:
    """
    Documents by kind and id; each write is durable when the call returns.

    Safe to share between threads. Use `transaction()` around what must happen together or not at all.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """
        Commit everything inside when the block ends, nothing when it raises. May be nested; the outermost decides.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # on some errors, a full disk among them, SQLite rolls back by itself
                    self._connection.execute("ROLLBACK")
                raise

    def next_id(self, kind: str, first: int = 1) -> int:
        """
        A number never given out before for this kind, also after a restart and after deletions.
        """
        with self.transaction():
            row = self._connection.execute("SELECT value FROM counters WHERE kind = ?", (kind,)).fetchone()
            value = first if row is None else int(row[0]) + 1
            self._connection.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (kind, value))
        return value

    def put(self, kind: str, id: str | int, body: Document) -> Document:
        """
        Create the document or replace it whole.
        """
        with self.transaction():
            self._connection.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, str(id), json.dumps(body)))
        return body

    def get(self, kind: str, id: str | int) -> Document | None:
        """
        The document, or None where there is none.
        """
        with self._lock:
            row = self._connection.execute("SELECT body FROM documents WHERE kind = ? AND id = ?", (kind, str(id))).fetchone()
        return None if row is None else json.loads(row[0])

    def list(self, kind: str) -> list[Document]:
        """
        Every document of a kind, in the order of its numeric id (text ids in text order).
        """
        with self._lock:
            rows = self._connection.execute(
                "SELECT body FROM documents WHERE kind = ? ORDER BY CAST(id AS INTEGER), id", (kind,)
            ).fetchall()
        return [json.loads(row[0]) for row in rows]

    def delete(self, kind: str, id: str | int) -> None:
        """
        Remove the document; removing what is not there is no error.
        """
        with self.transaction():
            self._connection.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, str(id)))

    def close(self) -> None:
        """
        Release the file.
        """
        with self._lock:
            self._connection.close()
