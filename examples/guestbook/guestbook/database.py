"""
PostgreSQL, reached through a pooler that gives each transaction a connection of its own: nothing outlives a transaction.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue
from typing import Any

import psycopg

CONNECT_TIMEOUT_S = 5
# Of one process: opening a connection takes longer than a transaction.
KEPT_CONNECTIONS = 4
Connection = psycopg.Connection[tuple[Any, ...]]


class DatabaseError(Exception):
    """
    The database did not answer, or refused something; the text says why, in one line.
    """


class Database:
    """
    One database; safe to use from any thread and from several processes. Connects when it is first needed.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._kept: LifoQueue[Connection] = LifoQueue(KEPT_CONNECTIONS)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """
        All or nothing of what is done in the block.

        Raises: DatabaseError.
        """
        try:
            connection = self._connection()
            try:
                with connection.transaction():
                    yield connection
            finally:
                self._keep(connection)
        except psycopg.Error as error:
            raise DatabaseError(" ".join(str(error).split())) from error

    def close(self) -> None:
        """
        Let go of all connections that nobody uses.
        """
        while not self._kept.empty():
            self._kept.get_nowait().close()

    def _connection(self) -> Connection:
        """
        One that was kept and still answers, or else a new one.
        """
        while True:
            try:
                kept = self._kept.get_nowait()
            except Empty:
                return psycopg.connect(self.url, autocommit=True, prepare_threshold=None, connect_timeout=CONNECT_TIMEOUT_S)
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
