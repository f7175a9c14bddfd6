"""
The app without sockets. Run by the image's build: `python3 -m unittest discover -s tests`.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import unittest
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

import temporary_database
from guestbook.app import FORM_TYPE, LIMITS, App, Request, Response
from guestbook.configuration import read_configuration
from guestbook.database import Database
from guestbook.entries import Entries
from guestbook.migration import migrate


class AppTest(unittest.TestCase):
    """
    Requests in, responses out, over a database of its own.
    """

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.old_file = Path(folder.name) / "guestbook.db"
        self.url = temporary_database.create()
        self.addCleanup(temporary_database.drop, self.url)
        self.migrate()
        self.app = App(Entries(self.database()), title="Our <book>", release="r1")

    def database(self) -> Database:
        database = Database(self.url)
        self.addCleanup(database.close)
        return database

    def migrate(self) -> dict[str, int]:
        return migrate(self.database(), self.old_file)

    def write_before(self, *entries: tuple[str, str, str]) -> None:
        """Entries as the guestbook kept them in SQLite, in WAL mode, before it had this database."""
        with closing(sqlite3.connect(self.old_file)) as connection, connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS entries "
                "(id INTEGER PRIMARY KEY, name TEXT NOT NULL, message TEXT NOT NULL, written_at TEXT NOT NULL)"
            )
            connection.executemany("INSERT INTO entries (name, message, written_at) VALUES (?, ?, ?)", entries)

    def get(self, target: str) -> Response:
        return self.app.respond(Request(method="GET", target=target))

    def post(self, **fields: str) -> Response:
        return self.app.respond(Request(method="POST", target="/", content_type=FORM_TYPE, body=urlencode(fields).encode()))

    def test_entry_is_kept_and_shown(self) -> None:
        """What was written is on the page, also for a second process."""
        response = self.post(name="Ada", message="Hello\nthere")
        self.assertEqual((response.status, response.headers["Location"]), (HTTPStatus.SEE_OTHER, "/"))
        other = App(Entries(self.database()), title="x", release="r2")
        page = other.respond(Request(method="GET", target="/")).body.decode()
        self.assertIn("<strong>Ada</strong>", page)
        self.assertIn("Hello\nthere", page)
        self.assertIn("1 entry", page)

    def test_markup_is_escaped(self) -> None:
        """Text that looks like HTML stays text, in entries, in the form and in the title."""
        self.post(name="<b>", message="<script>alert(1)</script>")
        page = self.get("/").body.decode()
        self.assertIn("&lt;script&gt;", page)
        self.assertIn("Our &lt;book&gt;", page)
        self.assertNotIn("<script", page)
        again = self.post(name='"><script>', message="").body.decode()
        self.assertIn("&quot;&gt;&lt;script&gt;", again)

    def test_form_is_refused_with_a_reason(self) -> None:
        """Empty and too long texts come back with a message each, and what was written well is kept."""
        response = self.post(name="x" * (LIMITS["name"] + 1), message=" \r\n ")
        page = response.body.decode()
        self.assertEqual(response.status, HTTPStatus.UNPROCESSABLE_ENTITY)
        self.assertIn("under 60 characters", page)
        self.assertIn("Please write your message", page)
        self.assertIn('aria-invalid="true"', page)
        self.assertEqual(self.app.entries.count(), 0)
        self.assertEqual(self.post(name="x" * LIMITS["name"], message="y" * LIMITS["message"]).status, HTTPStatus.SEE_OTHER)

    def test_what_is_no_form_is_refused(self) -> None:
        """Other types, bytes that are no text, and too many fields are refused and change nothing."""
        for content_type, body, status in (
            ("application/json", b"{}", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
            ("", b"name=a&message=b", HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
            (FORM_TYPE, b"name=\xff&message=b", HTTPStatus.BAD_REQUEST),
            (FORM_TYPE, b"name=%ff&message=b", HTTPStatus.BAD_REQUEST),
            (FORM_TYPE, b"&".join(b"a=1" for _ in range(50)), HTTPStatus.BAD_REQUEST),
        ):
            with self.subTest(body=body):
                request = Request(method="POST", target="/", content_type=content_type, body=body)
                self.assertEqual(self.app.respond(request).status, status)
        self.assertEqual(self.app.entries.count(), 0)

    def test_control_characters_are_removed(self) -> None:
        """An entry has no character that a terminal or a browser would obey."""
        self.post(name="A\x1b[31mda\x00", message="a\u202eb\tc\r\nd")
        (entry,) = self.app.entries.latest(1)
        self.assertEqual((entry.name, entry.message), ("A [31mda", "a b c\nd"))

    def test_pages_and_methods(self) -> None:
        """Unknown pages are 404, unknown methods 405 with what is allowed."""
        self.assertEqual(self.get("/nothing").status, HTTPStatus.NOT_FOUND)
        response = self.app.respond(Request(method="DELETE", target="/"))
        self.assertEqual((response.status, response.headers["Allow"]), (HTTPStatus.METHOD_NOT_ALLOWED, "GET, HEAD, POST"))
        self.assertEqual(self.get("/?a=b").status, HTTPStatus.OK)

    def test_health_follows_the_database(self) -> None:
        """`/up` is 200 while the database answers, 503 when it is gone or when the app is stopping."""
        self.assertEqual(self.get("/up").status, HTTPStatus.OK)
        self.app.is_stopping = True
        self.assertEqual(self.get("/up").status, HTTPStatus.SERVICE_UNAVAILABLE)
        self.app.is_stopping = False
        temporary_database.drop(self.url)
        self.assertEqual(self.get("/up").status, HTTPStatus.SERVICE_UNAVAILABLE)
        self.assertEqual(self.post(name="a", message="b").status, HTTPStatus.SERVICE_UNAVAILABLE)

    def test_entries_of_before_are_taken_over_once(self) -> None:
        """With their time and in their order, before those written since; what came late is taken over by the next run."""
        self.write_before(("Ada", "first\n<b>", "2026-11-01T10:00:00+00:00"), ("Grace", "second", "2026-11-02T10:00:00+00:00"))
        self.post(name="Alan", message="in PostgreSQL already")
        self.assertEqual(self.migrate(), {"found": 2, "imported": 2})
        self.assertEqual(self.migrate(), {"found": 2, "imported": 0})
        self.write_before(("Edsger", "late", "2026-11-03T10:00:00+00:00"))
        self.assertEqual(self.migrate(), {"found": 3, "imported": 1})
        entries = self.app.entries.latest(10)
        self.assertEqual([entry.name for entry in entries], ["Alan", "Edsger", "Grace", "Ada"])
        self.assertEqual((entries[3].message, entries[3].written_at.isoformat()), ("first\n<b>", "2026-11-01T10:00:00+00:00"))

    def test_a_damaged_file_of_before_changes_nothing(self) -> None:
        """All or nothing: the migration fails, and the entries are as they were."""
        self.post(name="Alan", message="here")
        self.old_file.write_bytes(b"this is not a database, but it is long enough" * 100)
        with self.assertRaises(sqlite3.Error):
            self.migrate()
        self.assertEqual(self.app.entries.count(), 1)

    def test_version(self) -> None:
        """`/version` says which release answered."""
        self.assertEqual(json.loads(self.get("/version").body)["release"], "r1")

    def test_configuration(self) -> None:
        """Wrong variables are named."""
        self.assertEqual(read_configuration({}).port, 8000)
        for name, text in (("PORT", "http"), ("PORT", "70000"), ("GUESTBOOK_START_DELAY_S", "-1"), ("PORT", "nan")):
            with self.assertRaisesRegex(ValueError, name):
                read_configuration({name: text})


if __name__ == "__main__":
    unittest.main()
