"""
Every recorded situation is graded as it was: the level, each line, the downtime, the cost.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops import plan
from tests.plan_situations import SITUATIONS
from tests.record_plans import CASES, PROJECTS

# What each situation has to be at the least and at the most, decided beforehand and not recorded.
CRITICAL = {
    "server_removed", "server_last_of_two", "server_elsewhere", "pool_removed", "volume_removed", "network_range",
    "subnet_range", "entry_balancer", "ssh_key_added", "ssh_key_removed", "ssh_key_changed", "ssh_source_added",
    "ssh_source_removed", "database_removed", "project_removed", "destroy",
}  # fmt: skip
STANDARD = {
    "release", "release_pair", "release_many", "canary_started", "canary_stepped", "canary_promoted", "canary_aborted",
    "replicas_raised", "limits_raised", "environment_variable", "health_check", "worker_limits", "static_memory",
    "budget_raised",
    "dns_record_added",
}  # fmt: skip
HARMLESS = {"nothing"}


@pytest.mark.parametrize("path", sorted(CASES.glob("*.json")), ids=lambda path: path.stem)
def test_a_situation_is_graded_as_recorded(path: Path) -> None:
    """The level of all, and every line."""
    case = json.loads(path.read_text())
    assert plan.grade_events(case["events"], PROJECTS) == case["expected"]


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_a_situation_is_as_dangerous_as_it_is(situation: object) -> None:
    """Whatever was recorded: what deletes, moves or opens something is critical, a release is not, the rest is important."""
    name = situation.name  # type: ignore[attr-defined]
    level = json.loads((CASES / f"{name}.json").read_text())["expected"]["level"]
    expected = (
        "critical" if name in CRITICAL else "standard" if name in STANDARD else "info" if name in HARMLESS else "important"
    )
    assert level == expected


def test_there_are_enough_situations() -> None:
    """At least 60, each with a file, and no file without a situation."""
    assert {path.stem for path in CASES.glob("*.json")} == {situation.name for situation in SITUATIONS}
    assert len(SITUATIONS) >= 60
