"""
What containers wrote since a moment: errors by kind, and requests by name and how they ended. Counted where they lie: no line
of a log leaves the host.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any
from urllib.parse import quote

from hosts.probe import containers
from hosts.probe.reading import UnreadableError

LONGEST_LOG = 32 * 1024**2
DEADLINE_S = 20.0
AT_ONCE = 4
KINDS_MAXIMUM = 20
STEP = 1.1
"""How much longer the requests of a step are than those of the one before: a time is known to a tenth."""
BAD_LEVELS = frozenset({"error", "err", "fatal", "critical", "crit", "alert", "emerg", "emergency", "panic"})
SERVICE = "com.docker.swarm.service.name"
ENTRY = "caddy"

# Names of levels and of errors only: what stands after them may be anybody's data.
_LEVEL = re.compile(r"^(?:\S{4,40} ){0,3}[\[(<]?(ERROR|FATAL|CRITICAL|PANIC|ALERT|EMERG)\b[\])>:]?")
_ERROR = re.compile(r"^(?:[a-z_][a-z0-9_]*\.){0,6}([A-Z][A-Za-z0-9]{1,50}(?:Error|Exception))(?::|$)")


def kind_of(line: str) -> str | None:
    """
    What sort of error a line tells of; None for any other line. Never anything that a program put into it.
    """
    if line.startswith("{"):
        with contextlib.suppress(ValueError):
            return _kind_of_entry(json.loads(line))
    found = _ERROR.match(line)
    if found:
        return found[1]
    found = _LEVEL.match(line)
    return found[1].lower() if found else None


def _kind_of_entry(entry: Any) -> str | None:
    if not isinstance(entry, dict) or "http.log" in str(entry.get("logger")):
        return None
    level = entry.get("level", entry.get("severity"))
    if isinstance(level, str) and level.lower() in BAD_LEVELS:
        return level.lower()
    return None


def errors(lines: Iterable[str]) -> tuple[dict[str, int], int]:
    """
    How often each kind of error is told of, and how many lines there are. A traceback is the error at its end.
    """
    found: dict[str, int] = {}
    number = 0
    for line in lines:
        number += 1
        kind = kind_of(line)
        if kind and (kind in found or len(found) < KINDS_MAXIMUM):
            found[kind] = found.get(kind, 0) + 1
    return found, number


def requests(lines: Iterable[str]) -> dict[str, dict[str, Any]]:
    """
    The requests in Caddy's log, by the name that was asked for: how many, how many were not answered (5xx), and how long they
    took, as {step: requests}.
    """
    found: dict[str, dict[str, Any]] = {}
    for line in lines:
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            entry = json.loads(line)
            if not str(entry["logger"]).startswith("http.log.access"):
                continue
            host, status, took_s = str(entry["request"]["host"]).lower(), int(entry["status"]), float(entry["duration"])
            row = found.setdefault(host, {"count": 0, "failed": 0, "steps": {}})
            row["count"] += 1
            row["failed"] += 500 <= status <= 599
            step = str(step_of(took_s * 1000))
            row["steps"][step] = row["steps"].get(step, 0) + 1
    return found


def step_of(took_ms: float) -> int:
    """
    The step of a time: the first whose end, `STEP ** step` milliseconds, is not before it.
    """
    return max(0, math.ceil(math.log(max(took_ms, 1e-9), STEP)))


def lines_of(stream: bytes) -> Iterator[str]:
    """
    The lines of Docker's stream of a log. Source: Docker Engine API v1.43, "Attach to a container", stream format.
    """
    at, parts = 0, []
    while at + 8 <= len(stream):
        length = int.from_bytes(stream[at + 4 : at + 8], "big")
        parts.append(stream[at + 8 : at + 8 + length])
        at += 8 + length
    for line in b"".join(parts).decode(errors="replace").splitlines():
        if line.strip():
            yield line


def logs(since_s: float) -> dict[str, Any] | None:
    """
    Every container of a project, and the requests that came in, since then. None where Docker is not.
    """
    if not os.path.exists(containers.SOCKET):  # noqa: PTH110
        return None
    connection = containers.Connection(DEADLINE_S)
    try:
        rows = containers.ask(connection, "/containers/json?all=1")
    except ConnectionRefusedError:
        return None
    deadline = time.monotonic() + DEADLINE_S
    ours = [row for row in rows if "flotilla.project" in row["Labels"]]
    entry = [row for row in rows if row["Labels"].get(SERVICE) == ENTRY]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = [found for found in pool.map(lambda row: _container(row, since_s, deadline), ours) if found]
        texts = [text for text in pool.map(lambda row: _log(row["Id"], since_s, deadline), entry) if text is not None]
    return {
        "since_s": since_s,
        "containers": seen,
        "requests": [requests(lines_of(text)) for text, _ in texts],
        "is_cut": any(is_cut for _, is_cut in texts),
    }


def _container(row: dict[str, Any], since_s: float, deadline: float) -> dict[str, Any] | None:
    connection = containers.Connection(DEADLINE_S)
    try:
        found = containers.ask(connection, f"/containers/{quote(row['Id'])}/json")
    except UnreadableError:
        return None  # it has ended since they were listed
    state = found["State"]
    if state["Status"] != "running" and _seconds(state.get("FinishedAt", "")) < since_s:
        return None
    text, is_cut = _log(row["Id"], since_s, deadline) or (b"", False)
    kinds, lines = errors(lines_of(text))
    return {
        "project": row["Labels"]["flotilla.project"],
        "process": row["Labels"].get("flotilla.process", ""),
        "name": found["Name"].lstrip("/"),
        "status": state["Status"],
        "exit_code": state.get("ExitCode", 0),
        "is_oom_killed": bool(state.get("OOMKilled")),
        "memory_bytes": found["HostConfig"].get("Memory") or 0,
        "lines": lines,
        "errors": kinds,
        "is_cut": is_cut,
    }


def _log(identity: str, since_s: float, deadline: float) -> tuple[bytes, bool] | None:
    """
    A container's log since then, at most some megabytes of its end, and whether that is less than all; None where it is gone.
    """
    connection = containers.Connection(DEADLINE_S)
    connection.request("GET", f"/containers/{quote(identity)}/logs?stdout=1&stderr=1&since={since_s:.3f}")
    answer = connection.getresponse()
    if answer.status != 200:
        return None
    parts, length, is_cut = [], 0, False
    while part := answer.read(1024**2):
        parts.append(part)
        length += len(part)
        if length > LONGEST_LOG or time.monotonic() > deadline:
            is_cut = True
            break
    connection.close()
    return b"".join(parts), is_cut


def _seconds(text: str) -> float:
    try:
        return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp()  # noqa: UP017
    except ValueError:
        return 0.0
