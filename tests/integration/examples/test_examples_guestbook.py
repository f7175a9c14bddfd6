"""
The guestbook as a process of its own, over real HTTP.
"""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.examples.programs import EXAMPLES, WAIT_S, Program, run
from tests.integration.examples.conftest import last_event

SOURCE = EXAMPLES / "guestbook"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Guestbook(Program):
    """
    One running process of the app.
    """

    def __init__(self, database_url_file: str, **variables: str) -> None:
        super().__init__("guestbook", DATABASE_URL_FILE=database_url_file, **variables)


def migrate(database_url_file: str, data_dir: Path) -> dict[str, object]:
    """
    Run the release's migration, and return what it says.
    """
    variables = {"DATABASE_URL_FILE": database_url_file, "DATA_DIR": str(data_dir)}
    ended = run("guestbook", "guestbook", "migrate", **variables)
    assert ended.returncode == 0, ended.stderr
    return last_event(ended.stdout)


@pytest.fixture
def migrated(database_url_file: str, tmp_path: Path) -> str:
    migrate(database_url_file, tmp_path)
    return database_url_file


@pytest.fixture
def book(migrated: str) -> Iterator[Guestbook]:
    guestbook = Guestbook(migrated, GUESTBOOK_RELEASE="r1")
    yield guestbook
    guestbook.end()


def test_what_was_written_before_is_read_after(database_url_file: str, tmp_path: Path) -> None:
    """Entries of the SQLite file on the volume are on the page of the release that has a database, once."""
    with closing(sqlite3.connect(tmp_path / "guestbook.db")) as old, old:
        old.execute("PRAGMA journal_mode = WAL")
        old.execute(
            "CREATE TABLE entries (id INTEGER PRIMARY KEY, name TEXT NOT NULL, message TEXT NOT NULL, written_at TEXT NOT NULL)"
        )
        old.execute(
            "INSERT INTO entries (name, message, written_at) VALUES ('Ada', 'from before', '2026-11-01T10:00:00+00:00')"
        )
    found = [migrate(database_url_file, tmp_path) for _ in range(2)]
    assert [(said["found"], said["imported"]) for said in found] == [(1, 1), (1, 0)]
    book = Guestbook(database_url_file)
    try:
        assert book.ask("POST", "/", urlencode({"name": "Alan", "message": "from after"}), FORM)[0].status == 303
        _, page = book.ask("GET", "/")
    finally:
        book.stop()
    assert page.index("from after") < page.index("from before")
    assert "2 entries" in page


def test_a_release_without_its_migration_does_not_start(database_url_file: str) -> None:
    """It says in one line what is missing."""
    ended = run("guestbook", "guestbook", DATABASE_URL_FILE=database_url_file, PORT="0")
    assert ended.returncode == 1
    assert "does not exist" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_entries_persist(book: Guestbook, migrated: str) -> None:
    """An entry survives the process, and the form answers with a redirect to the page."""
    response, _ = book.ask("POST", "/", urlencode({"name": "Ada", "message": "Kind <regards>"}), FORM)
    assert (response.status, response.headers["Location"]) == (303, "/")
    assert book.stop()[0] == 0
    again = Guestbook(migrated)
    _, page = again.ask("GET", "/")
    again.stop()
    assert "Kind &lt;regards&gt;" in page


def test_two_releases_share_the_database(book: Guestbook, migrated: str) -> None:
    """Two processes write to one database at the same time and lose nothing: what blue-green needs."""
    other = Guestbook(migrated, GUESTBOOK_RELEASE="r2")
    statuses: list[int] = []

    def write(guestbook: Guestbook, count: int) -> None:
        for number in range(count):
            statuses.append(guestbook.ask("POST", "/", urlencode({"name": "n", "message": str(number)}), FORM)[0].status)

    writers = [threading.Thread(target=write, args=(guestbook, 10)) for guestbook in (book, other, book, other)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    _, page = other.ask("GET", "/")
    other.stop()
    assert statuses == [303] * 40
    assert "40 entries" in page


def test_version_and_health(book: Guestbook) -> None:
    """`/version` names the release and the host, `/up` answers 200 and the container's probe agrees."""
    _, version = book.ask("GET", "/version")
    assert json.loads(version) == {"release": "r1", "hostname": socket.gethostname()}
    assert book.ask("GET", "/up")[0].status == 200
    probe = [sys.executable, "-m", "guestbook.probe"]
    assert subprocess.run(probe, cwd=SOURCE, env={"PORT": str(book.port)}, capture_output=True).returncode == 0
    book.stop()
    failed = subprocess.run(probe, cwd=SOURCE, env={"PORT": str(book.port)}, capture_output=True, text=True)
    assert (failed.returncode, failed.stdout.split(":")[0]) == (1, "no answer")


@pytest.mark.parametrize("target", ["/", "/up", "/version", "/nothing"])
def test_every_answer_has_security_headers(book: Guestbook, target: str) -> None:
    """No answer may be framed, sniffed, cached or run a script, and none names the software's version."""
    response, _ = book.ask("GET", target)
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none';")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Server"] == "guestbook"


def test_head_has_no_body(book: Guestbook) -> None:
    """HEAD answers as GET would, with the same length and no body."""
    head, body = book.ask("HEAD", "/version")
    assert (head.status, body) == (200, "")
    assert head.headers["Content-Length"] == book.ask("GET", "/version")[0].headers["Content-Length"]


def test_connections_are_kept(book: Guestbook) -> None:
    """Many requests go over one connection, refused ones included."""
    connection = book.connect()
    connection.connect()
    address = connection.sock.getsockname()
    for method, target, status in [("GET", "/", 200), ("GET", "/nothing", 404), ("DELETE", "/", 405), ("GET", "/up", 200)]:
        connection.request(method, target)
        response = connection.getresponse()
        response.read()
        assert response.status == status
        assert connection.sock.getsockname() == address
    connection.close()


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9" + b"9" * 5000 + b"\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabc", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 505),
        (b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501),
    ],
)
def test_hostile_requests_are_refused(book: Guestbook, request_text: bytes, status: int) -> None:
    """What is too large, ambiguous or no HTTP is refused, the connection ends, and the app goes on."""
    answer = book.send(request_text)
    assert int(answer.split()[1]) == status
    assert b"connection: close" in answer.lower()
    assert b"Traceback" not in answer
    assert book.ask("GET", "/up")[0].status == 200


def test_log_has_one_line_per_request(book: Guestbook) -> None:
    """Each request is one line of JSON, whatever it contains."""
    book.ask("GET", "/version")
    book.send(b"GET /\x1b[2J%0aforged HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    _, lines = book.stop()
    requests = [line for line in lines if "method" in line]
    assert [(line["method"], line["status"]) for line in requests] == [("GET", 200), ("GET", 404)]
    assert lines[-1]["event"] == "stopped"


def test_stop_finishes_requests_in_flight(book: Guestbook) -> None:
    """A request that has begun is answered after SIGTERM, idle connections end soon, and the process exits with 0."""
    idle = socket.create_connection(("127.0.0.1", book.port), timeout=WAIT_S)
    body = urlencode({"name": "Ada", "message": "slow"}).encode()
    slow = socket.create_connection(("127.0.0.1", book.port), timeout=WAIT_S)
    slow.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n")
    slow.sendall(b"Content-Length: %d\r\n\r\n%b" % (len(body), body[:5]))
    time.sleep(0.2)
    book.process.send_signal(signal.SIGTERM)
    assert idle.recv(1) == b""
    assert book.process.poll() is None
    slow.sendall(body[5:])
    answer = b"".join(iter(lambda: slow.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 303")
    assert b"Connection: close" in answer
    assert book.process.wait(timeout=WAIT_S) == 0
    idle.close()
    slow.close()


def test_stop_loses_no_request_under_load(book: Guestbook) -> None:
    """While it stops under load, every request that got through to it is answered in full."""
    torn: list[bytes] = []
    answered: list[int] = []

    def load() -> None:
        connection = socket.create_connection(("127.0.0.1", book.port), timeout=WAIT_S)
        with connection:
            while True:
                connection.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
                answer = connection.recv(65536)
                if not answer.startswith(b"HTTP/1.1 200") or not answer.endswith(b"}\n"):
                    torn.append(answer)
                    return
                answered.append(1)
                if b"Connection: close" in answer:
                    return

    clients = [threading.Thread(target=load) for _ in range(8)]
    for client in clients:
        client.start()
    time.sleep(0.5)
    assert book.stop()[0] == 0
    for client in clients:
        client.join()
    assert len(answered) > 100
    assert torn == []


def test_slow_start_is_rehearsed(migrated: str) -> None:
    """GUESTBOOK_START_DELAY_S holds back listening, and SIGTERM ends the wait."""
    started = time.monotonic()
    guestbook = Guestbook(migrated, GUESTBOOK_START_DELAY_S="0.5")
    assert time.monotonic() - started >= 0.5
    assert guestbook.stop()[0] == 0


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"PORT": "http"}, "PORT: 'http' is not a number"),
        ({"DATABASE_URL_FILE": "/nonexistent"}, "/nonexistent cannot be read"),
    ],
)
def test_start_without_what_it_needs_fails_clearly(variables: dict[str, str], said: str) -> None:
    """A wrong variable or a folder that cannot be written ends the process with one line that says so."""
    ended = run("guestbook", "guestbook", **variables)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
