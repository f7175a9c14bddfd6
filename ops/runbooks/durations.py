"""
How long things take: by the reports of operations that ended well, and by the test that follows a page literally.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

from ops.steps import StepStatus


@dataclass(frozen=True, kw_only=True)
class Duration:
    """
    Of operations of one name: how often they were seen, and the middle one and the longest in seconds.
    """

    count: int
    median_s: float
    longest_s: float


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """
    A whole page, from its first command to the last, in the sandbox: seconds, and the day.
    """

    seconds: int
    day: date


_DAY, _NEXT_DAY = date(2026, 11, 26), date(2026, 11, 27)
REHEARSALS: Mapping[str, Rehearsal] = {
    "certificate": Rehearsal(seconds=50, day=_NEXT_DAY),
    "database-server-lost": Rehearsal(seconds=91, day=_DAY),
    "dns-account-lost": Rehearsal(seconds=26, day=_DAY),
    "key-compromised": Rehearsal(seconds=97, day=_NEXT_DAY),
    "location-lost": Rehearsal(seconds=290, day=_NEXT_DAY),
    "restore-database": Rehearsal(seconds=116, day=_NEXT_DAY),
    "restore-moment": Rehearsal(seconds=29, day=_DAY),
    "restore-table": Rehearsal(seconds=13, day=_DAY),
    "rotate-key": Rehearsal(seconds=135, day=_DAY),
    "server-lost": Rehearsal(seconds=101, day=_NEXT_DAY),
    "state-lost": Rehearsal(seconds=143, day=_NEXT_DAY),
}
"""As the tests measured it that the pages name; they fail where it takes ten times as long."""


def measured(reports: Iterable[Mapping[str, Any]], stack: str) -> dict[str, Duration]:
    """
    {operation: its duration} from reports in reports/operations/; what failed, or was of another stack, says nothing.
    """
    found: dict[str, list[float]] = {}
    for row in reports:
        took = row.get("duration_s")
        is_good = row.get("status") == StepStatus.DONE and row.get("stack") == stack
        if is_good and isinstance(took, int | float) and not isinstance(took, bool) and took >= 0:
            found.setdefault(str(row.get("operation")), []).append(float(took))
    return {
        name: Duration(count=len(values), median_s=median(values), longest_s=max(values))
        for name, values in sorted(found.items())
    }
