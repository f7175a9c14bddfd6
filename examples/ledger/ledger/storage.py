"""
The database: the one module that knows which one it is.

Today it is SQLite in WAL mode on a volume that all processes share. PostgreSQL takes its place here, and only here: statements
elsewhere use what both understand, with values by name (`:day`), and every writing transaction runs as if it were alone.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

LOCK_WAIT_S = 10.0
Value = str | int | None
Row = dict[str, str | int | None]


class StorageError(Exception):
    """
    The database did not answer, is damaged, or refused what was written.
    """


class Work:
    """
    What can be done within one transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, **values: Value) -> list[Row]:
        """
        All rows that a query finds, each as {column: value}.
        """
        return [dict(row) for row in self._connection.execute(statement, values)]

    def row(self, statement: str, **values: Value) -> Row | None:
        """
        The first row that a query finds.
        """
        return next(iter(self.rows(statement, **values)), None)

    def number(self, statement: str, **values: Value) -> int:
        """
        The one number that a query computes; 0 where it computes nothing.
        """
        row = self.row(statement, **values) or {}
        return int(next(iter(row.values()), None) or 0)

    def run(self, statement: str, **values: Value) -> int:
        """
        Change something; returns how many rows.
        """
        return self._connection.execute(statement, values).rowcount

    def script(self, statements: str) -> None:
        """
        Several statements without values, each ending with a semicolon at the end of a line.
        """
        for statement in statements.split(";\n"):
            if statement.strip():
                self._connection.execute(statement)


class Storage:
    """
    One database; safe to use from any thread and from several processes.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        with self._connection() as connection:
            connection.execute("PRAGMA journal_mode = WAL")

    @contextmanager
    def writing(self) -> Iterator[Work]:
        """
        A transaction that sees and changes everything alone; nothing of it is kept if the block raises.

        Raises: StorageError.
        """
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield Work(connection)
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """
        A view of one moment.

        Raises: StorageError.
        """
        with self._connection() as connection:
            connection.execute("BEGIN")
            yield Work(connection)

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.file, timeout=LOCK_WAIT_S, isolation_level=None)) as connection:
                connection.row_factory = sqlite3.Row
                connection.execute("PRAGMA synchronous = FULL")
                connection.execute("PRAGMA foreign_keys = ON")
                yield connection
        except sqlite3.Error as error:
            raise StorageError(str(error)) from error
