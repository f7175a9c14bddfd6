"""
What happened when: pure, from what servers, the engine, git and people told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

WINDOW_S = 24 * 3600
NEVER = "0001-01-01"
LONGEST = 160
JOURNAL = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[+-]\d{2}:?\d{2}|Z)) \S+ (?P<who>[^:\[]+)(?:\[\d+\])?: (?P<what>.*)"
)
MOST_OF_A_SOURCE = 5


@dataclass(frozen=True, kw_only=True, order=True)
class Event:
    """
    One thing that happened: `at` in seconds since 1970, `source` who tells it.
    """

    at: float
    source: str
    what: str

    @property
    def time(self) -> str:
        """
        For people, in UTC.
        """
        return datetime.fromtimestamp(self.at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def seconds(text: str) -> float | None:
    """
    A time as Docker, git and systemd write it; None for one that never was.
    """
    if not text or text.startswith(NEVER):
        return None
    cut = re.sub(r"(\.\d{1,6})\d*", r"\1", text.strip().replace("Z", "+00:00"))
    try:
        found = datetime.fromisoformat(cut)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def timeline(events: Iterable[Event], now: float) -> tuple[Event, ...]:
    """
    In order, each once, of the last day.
    """
    return tuple(sorted(event for event in set(events) if now - WINDOW_S <= event.at <= now + 60))


def of_server(name: str, sections: Mapping[str, Mapping[str, Any]]) -> Iterator[Event]:
    """
    What a server's document tells: its start, containers that started and ended, tasks that failed, and its journal's first
    words of each program.
    """
    system = _data(sections, "system") or {}
    clock = _data(sections, "clock") or {}
    if "uptime_s" in system and "time_s" in clock:
        yield Event(at=float(clock["time_s"]) - system["uptime_s"], source=name, what="the server started")
    docker = _data(sections, "docker") or {}
    for row in docker.get("containers") or ():
        if (at := seconds(row["started"])) is not None:
            yield Event(at=at, source=name, what=f"container {_short(row['name'])} started")
        if row["status"] != "running" and (at := seconds(row["finished"])) is not None:
            why = "killed at its memory limit" if row["is_oom_killed"] else f"exit code {row['exit_code']}"
            yield Event(at=at, source=name, what=f"container {_short(row['name'])} ended: {why}")
    for task in (docker.get("swarm") or {}).get("failed_tasks") or ():
        if (at := seconds(task["time"])) is not None:
            why = task["error"] or "no reason given"
            yield Event(at=at, source=name, what=f"a task of {task['service']} failed: {why}"[:LONGEST])
    yield from _of_journal(name, _data(sections, "journal") or "")
    yield from _of_alerts((_data(sections, "prometheus") or {}).get("alerts"))


def _data(sections: Mapping[str, Mapping[str, Any]], name: str) -> Any:
    return sections.get(name, {}).get("data")


def _short(container: str) -> str:
    return ".".join(container.split(".")[:2])


def _of_journal(name: str, text: str) -> Iterator[Event]:
    told: dict[str, int] = {}
    for line in text.splitlines():
        found = JOURNAL.fullmatch(line)
        at = seconds(found["time"]) if found else None
        if found and at is not None:
            told[found["who"]] = told.get(found["who"], 0) + 1
            if told[found["who"]] <= MOST_OF_A_SOURCE:
                yield Event(at=at, source=name, what=f"{found['who']}: {found['what']}"[:LONGEST])


def _of_alerts(alerts: Any) -> Iterator[Event]:
    for alert in (alerts or {}).get("alerts") or () if isinstance(alerts, Mapping) else ():
        at = seconds(alert.get("activeAt", ""))
        if at is not None and alert.get("state") == "firing":
            summary = alert.get("annotations", {}).get("summary", "")
            yield Event(at=at, source="alert", what=f"{alert['labels']['alertname']}: {summary}"[:LONGEST])


def of_commits(commits: Iterable[Mapping[str, Any]]) -> Iterator[Event]:
    """
    What was committed in this checkout.
    """
    for row in commits:
        what = f"{row['commit'][:8]} {row['subject']} ({row['author']})"
        yield Event(at=float(row["time"]), source="git", what=what[:LONGEST])


def of_operations(rows: Iterable[Mapping[str, Any]]) -> Iterator[Event]:
    """
    What Flotilla did, by its history, and what the engine did, by its own. Rows have other keys by kind; those without a time
    are left out.
    """
    for row in rows:
        at = seconds(str(row.get("at") or row.get("time") or row.get("startTime") or ""))
        if at is not None:
            what = row.get("what") or row.get("message") or row.get("kind") or "a change"
            ended = row.get("status") or row.get("result") or row.get("event") or ""
            yield Event(at=at, source=str(row.get("by") or "flotilla"), what=f"{what} {ended}".strip()[:LONGEST])
