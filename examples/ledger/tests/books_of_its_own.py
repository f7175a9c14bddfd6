"""
What the tests share: books of their own in a database of their own, and requests without sockets.
"""

from __future__ import annotations

import io
import unittest
from datetime import date
from typing import Any

import temporary_database
from ledger import books, schema
from ledger.entry import Draft, Entry, Line
from ledger.http import Site
from ledger.storage import Storage

DAY = date(2026, 11, 20)


class Answer:
    """
    What a site answered.
    """

    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = int(status.split()[0])
        self.headers = dict(headers)
        self.text = body.decode()


def ask(site: Site, method: str, target: str, body: bytes | str = b"", content_type: str = "", **headers: str) -> Answer:
    """
    One request, as the server would hand it over.
    """
    path, _, query = target.partition("?")
    data = body.encode() if isinstance(body, str) else body
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(data)) if method != "GET" else "",
        "wsgi.input": io.BytesIO(data),
    } | {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    started: list[Any] = []
    content = b"".join(site(environ, lambda status, headers: started.extend([status, headers])))
    return Answer(started[0], started[1], content)


class BooksTest(unittest.TestCase):
    """
    A test with books of its own.
    """

    def setUp(self) -> None:
        url = temporary_database.create()
        self.addCleanup(temporary_database.drop, url)
        self.storage = Storage(url)
        self.addCleanup(self.storage.close)
        schema.migrate(self.storage)

    def post(self, cents: int = 1000, *, debit: str = "1000", credit: str = "3000", day: date = DAY, text: str = "x") -> Entry:
        """Post a simple entry."""
        draft = Draft(day=day, description=text, lines=(Line(debit, cents), Line(credit, -cents)))
        with self.storage.writing() as work:
            return books.post(work, draft)[0]

    def balance(self, account: str) -> int:
        """What an account's lines add up to."""
        with self.storage.reading() as work:
            return {row.account.code: row.cents for row in books.trial_balance(work)}[account]

    def count(self, table: str) -> int:
        """How many rows a table has."""
        with self.storage.reading() as work:
            return work.number(f"SELECT count(*) FROM {table}")  # noqa: S608 - the tests' own names
