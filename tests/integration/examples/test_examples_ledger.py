"""
The ledger's processes over one database, as they run in their containers.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest

from tests.examples.programs import WAIT_S, Program, run

TOKEN = "a-token-for-the-tests"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Start = Callable[[str], Program]


def yesterday() -> str:
    return (datetime.now(UTC) - timedelta(days=1)).date().isoformat()


@pytest.fixture
def unmigrated(tmp_path: Path, database_url_file: str) -> dict[str, str]:
    secret = tmp_path / "secret"
    secret.write_text(f"{TOKEN}\n")
    files = {f"{name}_FILE": str(secret) for name in ("API_TOKEN", "SESSION_KEY", "ACCESS_CODE")}
    return files | {"DATABASE_URL_FILE": database_url_file, "LEDGER_RELEASE": "r1"}


@pytest.fixture
def variables(unmigrated: dict[str, str]) -> dict[str, str]:
    assert run("ledger", "ledger", "migrate", **unmigrated).returncode == 0
    return unmigrated


@pytest.fixture
def start(variables: dict[str, str]) -> Iterator[Start]:
    programs: list[Program] = []

    def starting(command: str) -> Program:
        programs.append(Program("ledger", [command], **variables))
        return programs[-1]

    yield starting
    for program in programs:
        program.end()


def post(api: Program, path: str, document: object, **headers: str) -> tuple[int, Any]:
    given = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
    response, text = api.ask("POST", path, json.dumps(document), given | headers)
    return response.status, json.loads(text)


def entry(description: str = "Opening") -> dict[str, Any]:
    lines = [{"account": "1000", "debit_cents": 1050}, {"account": "3000", "credit_cents": 1050}]
    return {"day": yesterday(), "description": description, "lines": lines}


def test_an_entry_by_the_api_is_on_the_pages(start: Start) -> None:
    """API and pages are processes of their own over the same books."""
    api, web = start("api"), start("web")
    assert post(api, "/v1/entries", entry(), **{"Idempotency-Key": "first-entry"})[0] == 201
    assert post(api, "/v1/entries", entry(), **{"Idempotency-Key": "first-entry"})[0] == 200
    signed_in, _ = web.ask("POST", "/sign-in", urlencode({"code": TOKEN}), FORM)
    cookie = signed_in.headers["Set-Cookie"].partition(";")[0]
    _, page = web.ask("GET", "/", headers={"Cookie": cookie})
    assert page.count("10.50") == 4
    for program in (api, web):
        assert program.stop()[0] == 0


def test_the_same_key_at_the_same_time_makes_one_entry(start: Start) -> None:
    """Ten requests at once with one key: one is new, nine are told the same entry."""
    api = start("api")
    answers: list[tuple[int, Any]] = []
    clients = [
        threading.Thread(target=lambda: answers.append(post(api, "/v1/entries", entry(), **{"Idempotency-Key": "same-key"})))
        for _ in range(10)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert sorted(status for status, _ in answers) == [200] * 9 + [201]
    assert len({answer["id"] for _, answer in answers}) == 1


def test_the_worker_posts_what_is_queued_and_stops(start: Start, variables: dict[str, str]) -> None:
    """An import is posted within seconds, the worker is healthy meanwhile, and SIGTERM ends it with 0."""
    api, worker = start("api"), start("worker")
    payload = {"day": yesterday(), "number": "1", "customer": "Ada", "net_cents": 100, "vat_percent": 20}
    status, queued = post(api, "/v1/imports", {"kind": "invoice", "payload": payload})
    assert status == 202
    deadline = time.monotonic() + WAIT_S
    state = ""
    while state != "done" and time.monotonic() < deadline:
        _, text = api.ask("GET", f"/v1/imports/{queued['id']}", headers={"Authorization": f"Bearer {TOKEN}"})
        state = json.loads(text)["state"]
    assert state == "done"
    assert run("ledger", "ledger.probe", "worker", **variables).returncode == 0
    assert worker.stop()[0] == 0


def test_the_day_is_closed_once_and_only_if_it_balances(start: Start, variables: dict[str, str], database: str) -> None:
    """The job exits with 0, also a second time; with 1 when a line was changed behind its back, or the day is not over."""
    api = start("api")
    post(api, "/v1/entries", entry(), **{"Idempotency-Key": "first-entry"})
    first, second = (run("ledger", "ledger", "close-day", **variables) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0)
    closing = json.loads(first.stdout.splitlines()[-1])
    assert (closing["day"], closing["entries"], closing["debits_cents"]) == (yesterday(), 1, 1050)
    assert post(api, "/v1/entries", entry("late"), **{"Idempotency-Key": "late-entry"})[0] == 422
    today = datetime.now(UTC).date().isoformat()
    assert run("ledger", "ledger", "close-day", "--day", today, **variables).returncode == 1
    with psycopg.connect(database) as books:
        books.execute("UPDATE lines SET cents = cents + 1 WHERE cents > 0")
    broken = run("ledger", "ledger", "close-day", **variables)
    assert broken.returncode == 1
    assert "out of balance by 0.01" in broken.stdout


def test_migrating_is_a_command_of_its_own(unmigrated: dict[str, str]) -> None:
    """It applies what is missing, then nothing; a process on an old schema says what to run."""
    refused = run("ledger", "ledger", "close-day", **unmigrated)
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)
    first, second = (json.loads(run("ledger", "ledger", "migrate", **unmigrated).stdout)["applied"] for _ in range(2))
    assert first[0] == "0001_books"
    assert second == []


@pytest.mark.parametrize(
    ("command", "changes", "said"),
    [
        ("web", {"SESSION_KEY_FILE": "/nonexistent"}, "SESSION_KEY: /nonexistent cannot be read"),
        ("api", {"API_TOKEN_FILE": "/dev/null"}, "holds less than 16 bytes"),
        ("api", {"PORT": "http"}, "PORT: 'http' is not a port"),
        ("worker", {"DATABASE_URL_FILE": "/nonexistent"}, "DATABASE_URL: /nonexistent cannot be read"),
    ],
)
def test_start_without_what_it_needs_fails_clearly(
    variables: dict[str, str], command: str, changes: dict[str, str], said: str
) -> None:
    """A missing secret or a wrong variable ends the process with one line that says so, without the secret."""
    ended = run("ledger", "ledger", command, **(variables | changes))
    assert ended.returncode == 1
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        (b"POST /v1/entries HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n" + b"x" * 200_000, 413),
        (b"POST /v1/entries HTTP/1.1\r\nHost: x\r\n\r\n", 411),
        (b"POST /v1/entries HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /\xff%ff%00 HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 404),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_hostile_requests_are_refused(start: Start, request_text: bytes, status: int) -> None:
    """What is too large, ambiguous or no HTTP is refused with an answer that arrives, and the process goes on."""
    api = start("api")
    answer = api.send(request_text)
    assert int(answer.split()[1]) == status
    assert b"Traceback" not in answer
    assert api.ask("GET", "/up")[0].status == 200


def test_stop_finishes_requests_in_flight(start: Start) -> None:
    """A request that has begun is answered after SIGTERM, and the log tells no secret and no query."""
    api = start("api")
    body = json.dumps(entry()).encode()
    slow = socket.create_connection(("127.0.0.1", api.port), timeout=WAIT_S)
    slow.sendall(b"POST /v1/entries?q=private HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
    slow.sendall(
        f"Authorization: Bearer {TOKEN}\r\nIdempotency-Key: slow-entry\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    )
    time.sleep(0.2)
    stopping: list[tuple[int, list[dict[str, Any]]]] = []
    stopper = threading.Thread(target=lambda: stopping.append(api.stop()))
    stopper.start()
    time.sleep(1.5)
    assert stopper.is_alive()
    slow.sendall(body)
    answer = b"".join(iter(lambda: slow.recv(65536), b""))
    stopper.join()
    slow.close()
    assert answer.startswith(b"HTTP/1.0 201")
    code, log = stopping[0]
    assert code == 0
    assert log[-1]["event"] == "stopped"
    assert TOKEN not in json.dumps(log)
    assert "private" not in json.dumps(log)
