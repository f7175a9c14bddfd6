"""
Logs are counted, never told: errors by kind, requests by name, times to a tenth.
"""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import Any

import pytest

from hosts.probe import ingress, logs
from hosts.probe.reading import UnreadableError
from ops.verdict.production import at_share

CASES = json.loads((Path(__file__).parents[1] / "cases" / "logs" / "lines.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_what_lines_tell_of(case: dict[str, Any]) -> None:
    """Kinds with their numbers, and requests as the way in saw them."""
    assert logs.errors(case["lines"]) == (case["errors"], case["count"])
    assert logs.requests(case["lines"]) == case["requests"]


def test_nothing_that_a_program_wrote_leaves_its_host() -> None:
    """No password, token, address or path of any line is in what is counted."""
    told = json.dumps([[logs.errors(case["lines"]), logs.requests(case["lines"])] for case in CASES])

    assert [
        word for word in ("hunter2", "4111", "s3cr3t", "secret", "alice", "/pay", "192.0.2.1", "script") if word in told
    ] == []


def test_a_program_cannot_make_up_kinds_without_end() -> None:
    """The first twenty are counted."""
    found, count = logs.errors(f"Made{number}Error: x" for number in range(1000))

    assert (len(found), count) == (logs.KINDS_MAXIMUM, 1000)


def test_dockers_stream_becomes_lines() -> None:
    """Of both outputs, also where a line comes in two pieces; a piece that was cut off is left out."""
    pieces = [(1, b"one\ntw"), (1, b"o\n\n"), (2, "drei \N{EURO SIGN}\n".encode())]
    stream = b"".join(bytes([kind, 0, 0, 0]) + len(text).to_bytes(4) + text for kind, text in pieces)

    assert list(logs.lines_of(stream + b"\x01\x00\x00")) == ["one", "two", "drei \N{EURO SIGN}"]


@pytest.mark.parametrize("took_ms", [0.0, 0.5, 1.0, 42.0, 500.0, 59_999.0])
def test_a_time_is_known_to_a_tenth(took_ms: float) -> None:
    """And never told shorter than it was."""
    told = at_share({str(logs.step_of(took_ms)): 1}, 0.95)

    assert took_ms <= told <= max(took_ms * logs.STEP, 1.0)


def test_haproxys_words_are_read() -> None:
    """Weights of slots in a file, of servers in `show stat`, and the version of what all backends share."""
    file = (
        "backend shop-web\n  server-template a 4 shop-web-a:8000 weight 256\n  server-template b 4 shop-web-b:8000 weight 0\n"
    )
    stat = "# pxname,svname,weight\nshop-web,a1,256\nshop-web,b1,0\nshop-web,BACKEND,256\nrequests,FRONTEND,\n"

    assert ingress.weights(file) == {"a": 256, "b": 0}
    assert ingress.running(stat) == {"shop-web": {"a1": 256, "b1": 0}}
    assert ingress.version("global\n  description 0123abcd\n") == ingress.version("name: haproxy\ndescription: 0123abcd\n")


def test_a_backend_is_served_by_those_that_are_up_and_are_sent_requests() -> None:
    """Not by places without a container, by a slot without weight, nor by one that is down."""
    rows = ["shop-web,a1,UP,256", "shop-web,a2,UP 1/3,256", "shop-web,a3,MAINT (resolution),256", "shop-web,b1,UP,0"]
    rows += ["shop-api,a1,DOWN 1/2,256", "shop-api,b1,no check,", "shop-api,BACKEND,UP,256", "requests,FRONTEND,OPEN,"]
    stat = "\n".join(["# pxname,svname,status,weight", *rows])

    assert ingress.serving(stat) == {"shop-web": 2, "shop-api": 0}


def test_where_nobody_has_switched_traffic_since_the_start_there_is_nothing_to_wait_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The lock is gone with a restart of the server; where one is held, nothing is said of the traffic."""
    monkeypatch.setattr(ingress, "LOCK", str(tmp_path / "lock"))
    with ingress._quiet():
        pass
    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(UnreadableError, match="just now"):
            ingress._quiet()
