"""
What is kept of reports, in `reports/`: the newest as global_report.json, 30 days of them in history/, figures for Prometheus in
metrics.prom, and a line for each run in orchestrator.log.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ops import reports
from ops.verdict import metrics

KEPT = timedelta(days=30)
FORM = "%Y%m%dT%H%M%S.%fZ"
LOG_BYTES = 1_000_000


def folder(checkout: Path) -> Path:
    """
    Where all of it is; made where it is not there.
    """
    found = checkout / "reports"
    found.mkdir(mode=0o700, exist_ok=True)
    return found


@contextmanager
def alone(checkout: Path) -> Iterator[None]:
    """
    One run at a time in a checkout: the next waits. The lock goes with its process, however that ends.
    """
    with (folder(checkout) / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def keep(checkout: Path, document: Mapping[str, Any], now: datetime | None = None) -> None:
    """
    The newest report and its figures take the place of those before; the history gets one more and loses what is too old.
    """
    now = now or datetime.now(UTC)
    history = folder(checkout) / "history"
    history.mkdir(mode=0o700, exist_ok=True)
    reports.write(checkout, "global", document)
    reports.put(history / f"{now.strftime(FORM)}.json", reports.text(document))
    reports.put(folder(checkout) / "metrics.prom", metrics.text(document, now.timestamp()))
    for path, when in _written(history):
        if now - when > KEPT:
            path.unlink(missing_ok=True)


def history(checkout: Path, since: datetime) -> list[dict[str, Any]]:
    """
    The reports since then, oldest first. One that cannot be read is left out.
    """
    found = []
    for path, when in _written(checkout / "reports" / "history"):
        if when >= since:
            with suppress(OSError, ValueError):
                found.append(dict(json.loads(path.read_text(encoding="utf-8"))))
    return found


def _written(place: Path) -> Iterator[tuple[Path, datetime]]:
    for path in sorted(place.glob("*.json")):
        with suppress(ValueError):  # somebody else's file
            yield path, datetime.strptime(path.stem, FORM).replace(tzinfo=UTC)


def line(document: Mapping[str, Any]) -> str:
    """
    One run in one line.
    """
    checks = ", ".join(f"{name} {check['status']} {check['duration_s']:.1f} s" for name, check in document["checks"].items())
    return f"{document['environment']} is {document['status']} at {document['commit'][:8] or 'no commit'}: {checks}"


def note(checkout: Path, text: str, now: datetime | None = None) -> None:
    """
    Add a line to orchestrator.log. Two files of a megabyte are kept.
    """
    path = folder(checkout) / "orchestrator.log"
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    path.touch(mode=0o600)
    with path.open("a", encoding="utf-8") as log:
        log.write(f"{(now or datetime.now(UTC)).isoformat(timespec='seconds')} {text}\n")
