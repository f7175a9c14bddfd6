"""
What the real HAProxy says of two releases behind it, read as an automatic canary reads it.
"""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ops.canary import traffic
from ops.canary.traffic import Seen
from sandbox.images import MACHINE, tag
from tests.integration.ingress_stand import APPLICATION, PROCESS, Haproxy, Stand, eventually

# Takes as long and answers with what the request says, so that tests know what HAProxy has to have seen.
BEHAVING = APPLICATION.replace(
    "self.send_response_only(200)", "self.send_response_only(int(self.headers.get('X-Status') or 200))"
).replace("body = json", "import time; time.sleep(float(self.headers.get('X-Sleep') or 0)); body = json")
WAITS_S = 0.5
# HAProxy's averages are whole milliseconds, over 512 requests.
ROUNDED_MS = 15
EQUAL = {"a": 256, "b": 256}


@pytest.fixture(scope="module")
def proxy(stand: Stand) -> Iterator[Haproxy]:
    """HAProxy with an application in each slot."""
    for slot in ("a", "b"):
        stand.run(f"{PROCESS}-{slot}", tag(MACHINE), ["-c", BEHAVING], entrypoint=["python3"])
    made = stand.haproxy(EQUAL)
    eventually(lambda: made.ask("show stat").count("L7OK") >= 2, 20, "the applications were not up behind HAProxy")
    yield made


def look(proxy: Haproxy) -> dict[str, Seen]:
    return {"app-1": traffic.parse(proxy.ask("show info;show stat"), [PROCESS])}


def ask(stand: Stand, *, sleep_s: float = 0.0, status: int = 200) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(stand.entrance / "requests.sock"))
        lines = [f"X-Flotilla-Process: {PROCESS}", f"X-Sleep: {sleep_s}", f"X-Status: {status}", "Connection: close"]
        connection.sendall("\r\n".join(["GET / HTTP/1.1", "Host: shop.example.test", *lines, "", ""]).encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def many(stand: Stand, number: int, *, sleep_s: float = 0.0, status: int = 200) -> float:
    """So many requests, eight at once; returns how long one took on average, in milliseconds."""

    def one(_: int) -> float:
        started = time.monotonic()
        ask(stand, sleep_s=sleep_s, status=status)
        return 1000 * (time.monotonic() - started)

    with ThreadPoolExecutor(8) as pool:
        return statistics.mean(pool.map(one, range(number)))


def only(proxy: Haproxy, slot: str) -> None:
    for name in EQUAL:
        for place in range(1, 5):
            proxy.ask(f"set server {PROCESS}/{name}{place} weight {256 if name == slot else 0}")


def test_requests_and_errors_of_each_release_are_told_apart(stand: Stand, proxy: Haproxy) -> None:
    """Exactly as many as were asked; errors before the step began do not count."""
    only(proxy, "b")
    many(stand, 40, status=500)
    since = traffic.begin(look(proxy))
    many(stand, 95)
    many(stand, 5, status=503)
    only(proxy, "a")
    many(stand, 60, status=404)

    since = traffic.later(since, look(proxy))

    counted = {slot: (found.requests, found.failures) for slot, found in since.slots().items()}
    assert counted == {"a": (60, 0), "b": (100, 5)}
    assert since.is_up("a")
    assert since.is_up("b")


def test_latency_is_that_of_the_new_requests(stand: Stand, proxy: Haproxy) -> None:
    """At least what the application waits, at most what the client sees; what HAProxy averaged before is out of it."""
    only(proxy, "b")
    many(stand, 300)
    _is_found(stand, proxy, 100)
    many(stand, 500)
    _is_found(stand, proxy, 200)


def _is_found(stand: Stand, proxy: Haproxy, number: int) -> None:
    before, since = look(proxy), traffic.begin(look(proxy))
    seen_ms = many(stand, number, sleep_s=WAITS_S)
    after = look(proxy)
    found = traffic.measured(traffic.later(since, after), "b").latency_ms
    assert found is not None
    assert 1000 * WAITS_S - ROUNDED_MS <= found <= seen_ms + ROUNDED_MS
    average = after["app-1"].servers[f"{PROCESS}/b1"].average_ms
    assert average < found, (before, after)


def test_a_reload_loses_nothing_that_was_counted(stand: Stand, proxy: Haproxy) -> None:
    """The new process counts from nothing."""
    only(proxy, "b")
    many(stand, 30)
    since = traffic.begin(look(proxy))
    many(stand, 20, status=500)
    since = traffic.later(since, look(proxy))
    time.sleep(1.1)
    _reload(proxy)
    many(stand, 10, status=500)

    since = traffic.later(since, look(proxy))

    assert (since.slots()["b"].requests, since.slots()["b"].failures) == (30, 30)


def _reload(proxy: Haproxy) -> None:
    def pid() -> str:
        return next((line for line in proxy.ask("show info").splitlines() if line.startswith("Pid:")), "")

    before = pid()
    proxy.ask("reload", "master.sock")
    eventually(lambda: pid() not in ("", before), 20, "HAProxy did not reload")
    eventually(lambda: proxy.ask("show stat").count("L7OK") >= 2, 20, "the applications were not up after a reload")
    only(proxy, "b")


def test_a_release_that_is_gone_is_down_and_its_requests_were_failures(stand: Stand, proxy: Haproxy) -> None:
    """Killed in the middle of its answers: HAProxy tries elsewhere, and remembers whose fault it was."""
    only(proxy, "b")
    since = traffic.begin(look(proxy))
    container = next(found for found in stand.containers if found.name.endswith(f"{PROCESS}-b"))
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, stand, sleep_s=3) for _ in range(4)]
        time.sleep(1)
        container.kill()
        for request in asked:
            request.result()
    eventually(lambda: not traffic.later(since, look(proxy)).is_up("b"), 20, "HAProxy did not see that it is gone")

    found = traffic.later(since, look(proxy)).slots()["b"]

    assert found.failures >= 4
    assert found.requests >= found.failures
