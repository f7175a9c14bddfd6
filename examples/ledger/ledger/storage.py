"""
The database: PostgreSQL, reached through a pooler that gives each transaction a connection of its own.

So nothing outlives a transaction: no prepared statements, no session's settings. Statements elsewhere have values by name
(`:day`), and every writing transaction runs as if it were alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import LiteralString, cast

import psycopg
from psycopg.rows import dict_row

CONNECT_TIMEOUT_S = 5
# Of one process: opening a connection takes longer than most transactions.
KEPT_CONNECTIONS = 4
# Whoever writes holds it to the end of the transaction. Any number, the same in all processes and releases.
WRITERS_LOCK = 731_004
Value = str | int | None
Row = dict[str, str | int | None]
Connection = psycopg.Connection[Row]
_VALUE = re.compile(r"(?<![:\w]):([a-z_]+)")


class StorageError(Exception):
    """
    The database did not answer, or refused what was written.
    """


class Work:
    """
    What can be done within one transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, **values: Value) -> list[Row]:
        """
        All rows that a query finds, each as {column: value}.
        """
        return self._execute(statement, values).fetchall()

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
        return self._execute(statement, values).rowcount

    def script(self, statements: str) -> None:
        """
        Several statements without values, each ending with a semicolon at the end of a line.
        """
        for statement in statements.split(";\n"):
            if statement.strip():
                self.run(statement)

    def _execute(self, statement: str, values: dict[str, Value]) -> psycopg.Cursor[Row]:
        text = _VALUE.sub(r"%(\1)s", statement.replace("%", "%%"))
        return self._connection.execute(cast(LiteralString, text), values)


class Storage:
    """
    One database; safe to use from any thread and from several processes. Connects when it is first needed.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._kept: LifoQueue[Connection] = LifoQueue(KEPT_CONNECTIONS)

    @contextmanager
    def writing(self) -> Iterator[Work]:
        """
        A transaction that sees and changes everything alone; nothing of it is kept if the block raises.

        Raises: StorageError.
        """
        with self._transaction() as connection:
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [WRITERS_LOCK])
            yield Work(connection)

    @contextmanager
    def reading(self) -> Iterator[Work]:
        """
        A view of one moment.

        Raises: StorageError.
        """
        with self._transaction() as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield Work(connection)

    def close(self) -> None:
        """
        Let go of all connections that nobody uses.
        """
        while not self._kept.empty():
            self._kept.get_nowait().close()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            connection = self._connection()
            try:
                with connection.transaction():
                    yield connection
            finally:
                self._keep(connection)
        except psycopg.Error as error:
            raise StorageError(" ".join(str(error).split())) from error

    def _connection(self) -> Connection:
        """
        One that was kept and still answers, or else a new one.
        """
        while True:
            try:
                kept = self._kept.get_nowait()
            except Empty:
                return psycopg.connect(
                    self.url, autocommit=True, prepare_threshold=None, row_factory=dict_row, connect_timeout=CONNECT_TIMEOUT_S
                )
            try:
                kept.execute("SELECT 1")
            except psycopg.Error:
                kept.close()
            else:
                return kept

    def _keep(self, connection: Connection) -> None:
        if connection.closed or self._kept.full():
            connection.close()
        else:
            self._kept.put_nowait(connection)
