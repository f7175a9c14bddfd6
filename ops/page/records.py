"""
What is kept in reports/ of the last day, read for the page. A file that cannot be read is a problem that is said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

DAY_S = 86_400
Document = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Records:
    """
    `report` is the newest, None where there is none. `runs`, `operations`, `syncs` and `fixes` are those since a time, newest
    first; `problems` are sentences about what could not be read.
    """

    report: Document | None
    runs: tuple[Document, ...] = ()
    operations: tuple[Document, ...] = ()
    syncs: tuple[Document, ...] = ()
    fixes: tuple[Document, ...] = ()
    problems: tuple[str, ...] = ()


def seconds(moment: str) -> float:
    """
    A report's time, in seconds since 1970.
    """
    return datetime.fromisoformat(moment).timestamp()


def collect(checkout: Path, stack: str, since: float) -> Records:
    """
    Everything of this stack. Syncs and fixes are the checkout's, which all stacks share.
    """
    folder = checkout / "reports"
    problems: list[str] = []
    newest = folder / "global_report.json"
    reports = _read([newest] if newest.is_file() else [], _one, problems)
    runs = _read(sorted((folder / "history").glob("*.json")), _one, problems)
    operations = _read(sorted((folder / "operations").glob("*.json")), _one, problems)
    syncs = _read(sorted((folder / "syncs").glob("*.jsonl")), _lines, problems)
    fixes = _read(sorted((folder / "fixes").glob("*.json")), _one, problems)
    ours = [row for row in _timed(runs, "timestamp", problems) if row.get("environment") == stack]
    current = next((row for row in _timed(reports, "timestamp", problems) if row.get("environment") == stack), None)
    # Another stack's report may have come after this one's.
    current = current or max(ours, key=lambda row: seconds(row["timestamp"]), default=None)
    return Records(
        report=current,
        runs=_since(ours, "timestamp", since),
        operations=_since(
            [row for row in _timed(operations, "started", problems) if row.get("stack") == stack], "started", since
        ),
        syncs=_since(list(_timed(syncs, "time", problems)), "time", since),
        fixes=_since(list(_timed(fixes, "when", problems)), "when", since),
        problems=tuple(problems),
    )


def _one(text: str) -> list[Any]:
    return [json.loads(text)]


def _lines(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _read(paths: Iterable[Path], parse: Callable[[str], list[Any]], problems: list[str]) -> list[tuple[Path, Any]]:
    found = []
    for path in paths:
        try:
            found += [(path, row) for row in parse(path.read_text(encoding="utf-8"))]
        except (OSError, ValueError) as error:
            problems.append(f"{path.name} could not be read: {type(error).__name__}")
    return found


def _timed(rows: Iterable[tuple[Path, Any]], key: str, problems: list[str]) -> Iterator[Document]:
    """
    The documents that have a time.
    """
    for path, row in rows:
        try:
            seconds(row[key])
        except (KeyError, TypeError, ValueError, AttributeError):
            problems.append(f"{path.name} is no report: it has no `{key}`")
        else:
            yield row


def _since(rows: Iterable[Document], key: str, since: float) -> tuple[Document, ...]:
    chosen = [row for row in rows if seconds(row[key]) >= since]
    return tuple(sorted(chosen, key=lambda row: seconds(row[key]), reverse=True))
