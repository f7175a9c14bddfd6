"""
Statuses and reports: what is worse than what, and that nothing unknown is ever fine.
"""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest

from ops import report, reports
from ops.report import CheckReport, Finding, Origin, Status

C, D, W, U, OK = Status.CRITICAL, Status.DEGRADED, Status.WARNING, Status.UNKNOWN, Status.OK
ORIGIN = Origin(environment="local", commit="0" * 40, branch="main")


def finding(severity: Status, resource: str = "app-1", fix: str = "true") -> Finding:
    return Finding(id="hosts.disk-full", severity=severity, resource=resource, message="full", evidence="1 %", fix=fix)


def check(name: str, *severities: Status, held: int = 0) -> CheckReport:
    return CheckReport(name=name, duration_s=1.0, findings=tuple(map(finding, severities)), held=held)


@pytest.mark.parametrize(
    ("found", "worst", "overall"),
    [((), OK, OK), ((OK,), OK, OK), ((OK, U), U, W), ((U, W), W, W), ((U, D), D, D), ((W, D, C), C, C), ((U,), U, W)],
)
def test_the_worst_counts_and_unknown_is_never_ok(found: tuple[Status, ...], worst: Status, overall: Status) -> None:
    """In whatever order they come."""
    for order in permutations(found):
        assert report.worst(order) is worst
        assert report.overall(order) is overall


def test_the_report_has_the_shape_that_others_read() -> None:
    """Statuses per check and in all, counts, actions with the worst first, and what to do next."""
    now = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)
    found = report.document(ORIGIN, [check("hosts", W, U, held=3), check("tls", C, held=2), check("dns", held=4)], now)

    assert json.loads(json.dumps(found))["timestamp"] == "2026-11-26T01:02:03+00:00"
    assert (found["schema"], found["environment"], found["commit"], found["deployed_revision"]) == (1, "local", "0" * 40, None)
    assert found["status"] is C
    assert found["summary"] == {"critical": 1, "degraded": 0, "warning": 1, "unknown": 1, "ok": 9}
    assert {name: row["status"] for name, row in found["checks"].items()} == {"hosts": W, "tls": C, "dns": OK}
    assert [(row["check"], row["priority"], row["command"]) for row in found["actions"]] == [
        ("tls", "HIGH", "true"),
        ("hosts", "LOW", "true"),
        ("hosts", "LOW", "true"),
    ]
    assert found["next_steps"][0] == "Begin with hosts.disk-full on app-1: true"
    assert found["next_steps"][1].startswith("1 could not be looked at")


def test_nothing_found_is_said_too() -> None:
    """An empty report is OK and asks for nothing."""
    found = report.document(ORIGIN, [check("hosts", held=7)])

    assert (found["status"], found["actions"], found["next_steps"]) == (OK, [], ["Nothing has to be done."])


def test_the_same_findings_are_in_the_same_order() -> None:
    """Worst first, then by resource; what is said twice is said once."""
    rows = [finding(W, "b"), finding(C, "z"), finding(W, "a"), finding(D, "m"), finding(W, "a")]

    for order in permutations(rows):
        assert [row.resource for row in report.in_order(order)] == ["z", "m", "a", "b"]


def test_a_report_replaces_the_one_before_and_is_nobody_elses(tmp_path: Path) -> None:
    """It says where an environment is weak."""
    reports.write(tmp_path, "hosts", {"status": "OK"})
    path = reports.write(tmp_path, "hosts", {"status": "CRITICAL"})

    assert path == tmp_path / "reports" / "hosts_report.json"
    assert json.loads(path.read_text()) == {"status": "CRITICAL"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
