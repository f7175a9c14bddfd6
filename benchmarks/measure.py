"""
Timing of whole commands, and the record of results.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS_JSON = ROOT / "benchmarks/RESULTS.json"
RESULTS_TABLE = ROOT / "benchmarks/RESULTS.md"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """
    One measured value and the bar it has to hold; `bar` None means that the value is recorded as measured.
    """

    name: str
    value: float
    unit: str
    bar: float | None
    compared_with: str
    runs: int

    @property
    def holds(self) -> bool:
        """
        Whether the value is at or under its bar.
        """
        return self.bar is None or self.value <= self.bar

    def line(self) -> str:
        """
        `name value bar holds`, as `make bench` prints it.
        """
        bar = "-" if self.bar is None else f"<={self.bar:g}{self.unit}"
        return f"{self.name} {self.value:.2f}{self.unit} {bar} {'yes' if self.holds else 'NO'}"


def seconds(command: str, *, cwd: Path = ROOT, timeout_s: float = 3600) -> float:
    """
    How long one shell line takes; a failing line raises with its last output.
    """
    started = time.monotonic()
    result = subprocess.run(  # noqa: S602 - the lines are this module's callers' own
        command, shell=True, executable="/bin/bash", cwd=cwd, capture_output=True, text=True, timeout=timeout_s
    )
    elapsed = time.monotonic() - started
    if result.returncode != 0:
        raise SystemExit(
            f"`{command}` exited with {result.returncode}. Nothing was recorded.\n{(result.stdout + result.stderr)[-3000:]}"
        )
    return elapsed


def paired_ratio(run: Callable[[], float], reference: Callable[[], float], *, runs: int) -> float:
    """
    The median of the ratios of pairs taken in turn, after one warm-up of each, so that a drifting machine cancels out.
    """
    run(), reference()
    return statistics.median(run() / reference() for _ in range(runs))


def record(figures: list[Figure]) -> None:
    """
    Put the figures into RESULTS.json (newest of each name) and render RESULTS.md from it.
    """
    known: dict[str, dict[str, Any]] = {}
    if RESULTS_JSON.exists():
        known = {row["name"]: row for row in json.loads(RESULTS_JSON.read_text())}
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    for figure in figures:
        known[figure.name] = {
            **asdict(figure),
            "value": round(figure.value, 3),
            "holds": figure.holds,
            "date": datetime.now(UTC).strftime("%Y-%m-%d"),
            "commit": commit,
        }
    RESULTS_JSON.write_text(json.dumps(list(known.values()), indent=2) + "\n")
    RESULTS_TABLE.write_text(render(list(known.values())))


def render(rows: list[dict[str, Any]]) -> str:
    """
    The table of results in Markdown.
    """
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    lines = [
        "# Figures",
        "",
        "Written by `make bench`; the bars are those of the design. Ratios are medians of pairs taken in turn in one run.",
        f"Machine of the newest run: {machine}, shared and noisy.",
        "",
        "| name | value | bar | holds | compared with | runs | date | commit |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        bar = "as measured" if row["bar"] is None else f"<= {row['bar']:g}{row['unit']}"
        holds = "yes" if row["holds"] else "**no**"
        lines.append(
            f"| `{row['name']}` | {row['value']:.2f}{row['unit']} | {bar} | {holds} | {row['compared_with']} "
            f"| {row['runs']} | {row['date']} | {row['commit']} |"
        )
    return "\n".join(lines) + "\n"
