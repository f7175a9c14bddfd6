"""
Every rule of the report's own checks, on what was seen: each case has exactly its findings.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ops.audit.rule import run
from ops.report import Status
from ops.verdict.catalog import CHECKS, OWN
from ops.verdict.integrity import SHARED
from tests.verdict_scenes import scene

CASES = Path(__file__).parents[2] / "cases" / "verdict"
WRITTEN = {path.stem: json.loads(path.read_text()) for path in sorted(CASES.glob("*.json"))}
ALL = [pytest.param(name, case, id=f"{name}-{case['says']}") for name, cases in WRITTEN.items() for case in cases]
RULES = {rule.id: rule for module in OWN for rule in module.CHECK.rules if rule.id not in SHARED}


@pytest.mark.parametrize(("name", "case"), ALL)
def test_what_was_seen_is_judged_so(name: str, case: dict[str, Any]) -> None:
    """Each finding whole: id, severity, resource, fact, evidence, command."""
    assert [asdict(finding) for finding in run(CHECKS[name], scene(case))[0]] == case["findings"]


def test_every_rule_has_a_case_in_which_it_is_as_bad_as_it_gets() -> None:
    """And none gets worse than it says."""
    seen: dict[str, set[Status]] = {}
    for row in (row for cases in WRITTEN.values() for case in cases for row in case["findings"]):
        seen.setdefault(row["id"], set()).add(Status(row["severity"]))

    assert RULES.keys() - seen.keys() == set()
    for identity, rule in RULES.items():
        assert max(status.rank for status in seen[identity]) == rule.worst.rank, identity


def test_what_integrity_shares_with_the_audit_is_the_same_rule() -> None:
    """So what both find is one finding, and counts once."""
    own = {rule.id: rule for check in CHECKS.values() if check.name != "integrity" for rule in check.rules}
    shared = [rule for rule in CHECKS["integrity"].rules if rule.id in SHARED]

    assert {rule.id for rule in shared} == set(SHARED)
    assert all(own[rule.id] is rule for rule in shared)
