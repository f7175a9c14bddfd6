"""
The journal's two processes, as they run in their containers.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.examples.programs import WAIT_S, Program, run


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    assert run("journal", "generator", "articles", str(tmp_path)).returncode == 0
    (tmp_path / "key").write_text("a-key-for-the-tests\n")
    origins = {"SITE_ORIGIN": "https://journal.test", "API_ORIGIN": "https://api.journal.test"}
    return origins | {"CONTENT_DIR": str(tmp_path), "DATA_DIR": str(tmp_path), "UNSUBSCRIBE_KEY_FILE": str(tmp_path / "key")}


@pytest.fixture
def site(variables: dict[str, str]) -> Iterator[Program]:
    program = Program("journal", ["static"], **(variables | {"CONTENT_DIR": f"{variables['CONTENT_DIR']}/site"}))
    yield program
    program.end()


@pytest.fixture
def api(variables: dict[str, str]) -> Iterator[Program]:
    program = Program("journal", ["api"], **variables)
    yield program
    program.end()


def test_pages_are_served_and_known_ones_are_not_sent_again(site: Program) -> None:
    """Over one connection: a page, the same page as 304, its head, and a page that does not exist."""
    connection = site.connect()
    connection.connect()
    address = connection.sock.getsockname()
    connection.request("GET", "/")
    first = connection.getresponse()
    page = first.read()
    asked = [
        ("GET", "/", {"If-None-Match": first.headers["ETag"]}, 304, 0),
        ("HEAD", "/", {}, 200, 0),
        ("GET", "/no", {}, 404, None),
    ]
    for method, path, headers, status, length in asked:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        assert response.status == status
        assert length is None or len(body) == length
    assert connection.sock.getsockname() == address
    assert b"A release without a gap" in page
    connection.close()


def test_a_subscription_survives_the_process(api: Program, variables: dict[str, str]) -> None:
    """What a form sent is there after the process ended, with a link that only this site can make."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    response, _ = api.ask("POST", "/v1/subscriptions", urlencode({"email": "ada@example.com"}), form)
    assert (response.status, response.headers["Location"]) == (303, "https://journal.test/subscribed/")
    assert api.stop()[0] == 0
    (line,) = run("journal", "journal", "mailing", **variables).stdout.splitlines()
    assert json.loads(line)["email"] == "ada@example.com"
    assert json.loads(line)["unsubscribe"].startswith("https://api.journal.test/v1/unsubscribe?email=ada%40example.com&token=")


def test_clients_are_limited_one_by_one(api: Program) -> None:
    """The address that the ingress wrote counts, whatever the client claims before it."""

    def search(number: int, client: str) -> int:
        return api.ask("GET", "/v1/search?q=backup", headers={"X-Forwarded-For": f"203.0.113.{number}, {client}"})[0].status

    assert {search(number, "198.51.100.1") for number in range(20)} == {200}
    assert 429 in [search(number, "198.51.100.1") for number in range(5)]
    assert search(0, "198.51.100.2") == 200


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"POST /v1/subscriptions HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n", 413),
        (b"POST /v1/subscriptions HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n", 431),
        (b"GET /\x00 HTTP/1.1\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_hostile_requests_are_refused(api: Program, request_text: bytes, status: int) -> None:
    """What is too large, ambiguous or no HTTP is refused, the connection ends, and the process goes on."""
    answer = api.send(request_text)
    assert int(answer.split()[1]) == status
    assert b"Connection: close" in answer
    assert api.ask("GET", "/up")[0].status == 200


def test_stop_finishes_requests_in_flight(api: Program) -> None:
    """A request that has begun is answered after SIGTERM, idle connections end, and the process exits with 0."""
    idle = socket.create_connection(("127.0.0.1", api.port), timeout=WAIT_S)
    slow = socket.create_connection(("127.0.0.1", api.port), timeout=WAIT_S)
    body = b'{"email": "ada@example.com"}'
    slow.sendall(
        b"POST /v1/subscriptions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % len(body)
    )
    time.sleep(0.2)
    stopper = threading.Thread(target=api.stop)
    stopper.start()
    assert idle.recv(1) == b""
    assert stopper.is_alive()
    slow.sendall(body)
    answer = b"".join(iter(lambda: slow.recv(65536), b""))
    stopper.join()
    assert answer.startswith(b"HTTP/1.1 202")
    assert b"Connection: close" in answer
    assert api.process.returncode == 0
    for connection in (idle, slow):
        connection.close()


@pytest.mark.parametrize(
    ("command", "changes", "said"),
    [
        ("api", {"UNSUBSCRIBE_KEY_FILE": "/nonexistent"}, "UNSUBSCRIBE_KEY_FILE: /nonexistent cannot be read"),
        ("api", {"DATA_DIR": "/proc/none"}, "unable to open database file"),
        ("api", {"CONTENT_DIR": "/proc/none"}, "articles.json"),
        ("static", {"CONTENT_DIR": "/proc/none"}, "has no index.html"),
        ("static", {"API_ORIGIN": "nowhere"}, "API_ORIGIN: 'nowhere' is not an origin"),
    ],
)
def test_start_without_what_it_needs_fails_clearly(
    variables: dict[str, str], command: str, changes: dict[str, str], said: str
) -> None:
    """A missing secret, folder or variable ends the process with one line that says so."""
    ended = run("journal", "journal", command, **(variables | changes))
    assert ended.returncode == 1
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
