"""
Every rule, on what real machines answered: the recorded fleet has no fault, and each change of it has exactly its own.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest

from ops.audit.catalog import CHECKS
from ops.audit.rule import run
from ops.report import Finding, Status
from tests.audit_scenes import CASES, changed, document, recorded, scene_of

WRITTEN = {path.stem: json.loads(path.read_text()) for path in sorted(CASES.glob("*.json")) if path.stem != "fleet"}
ALL = [pytest.param(case, id=f"{name}-{case['says']}") for name, cases in WRITTEN.items() for case in cases]
RULES = {rule.id: rule for check in CHECKS.values() for rule in check.rules}


def found(scene: dict[str, Any]) -> list[Finding]:
    return [finding for check in CHECKS.values() for finding in run(check, scene_of(scene))[0]]


def test_a_healthy_fleet_has_no_finding() -> None:
    """Three servers of the sandbox with all that runs on them, as an audit saw them; and every rule had something to judge."""
    assert found(recorded()) == []
    assert all(run(check, scene_of(recorded()))[1] >= len(check.rules) for check in CHECKS.values())


def test_a_scene_survives_being_written_down() -> None:
    """What is recorded is what rules see."""
    assert document(scene_of(recorded())) == recorded()


@pytest.mark.parametrize("case", ALL)
def test_what_was_changed_is_found_and_nothing_else(case: dict[str, Any]) -> None:
    """Each finding whole: id, severity, resource, fact, evidence, command."""
    seen = sorted(found(changed(recorded(), case["changes"])), key=lambda finding: (finding.id, finding.resource))

    assert [asdict(finding) for finding in seen] == case["findings"]


def test_every_rule_has_a_case() -> None:
    """And one in which it is as bad as it gets."""
    seen: dict[str, set[str]] = {}
    for row in (row for cases in WRITTEN.values() for case in cases for row in case["findings"]):
        seen.setdefault(row["id"], set()).add(row["severity"])

    assert RULES.keys() - seen.keys() == set()
    assert {identity for identity, rule in RULES.items() if rule.worst not in seen[identity]} == set()
    for identity, severities in seen.items():
        worst = RULES[identity].worst if identity in RULES else Status.UNKNOWN
        assert max(Status(severity).rank for severity in severities) == worst.rank


def test_every_finding_says_what_to_do() -> None:
    """A fact in one line, without control characters, and a command where there is something to run."""
    for row in (row for cases in WRITTEN.values() for case in cases for row in case["findings"]):
        assert row["message"] and all(text.isprintable() for text in row.values())
        assert row["fix"] or row["severity"] == "UNKNOWN"


def test_a_name_from_a_host_is_no_command_in_a_fix() -> None:
    """It stays one word in the shell here, and `flotilla host ssh` quotes it for the shell there."""
    import shlex

    (case,) = [case for case in WRITTEN["hosts"] if "$(reboot)" in json.dumps(case["changes"])]
    words = shlex.split(case["findings"][0]["fix"])

    assert words[:7] == ["flotilla", "host", "ssh", "-s", "local", "app-1", "--"]
    assert words[-1] == "$(reboot)';x.service"


def test_ids_are_stable_names() -> None:
    """A rule's id is its check and a few plain words, once."""
    import re

    names = [rule.id for check in CHECKS.values() for rule in check.rules]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch(r"[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*", name)] == []


def test_the_page_is_fresh() -> None:
    """docs/audit.md is what the rules say; `python -m ops.audit.reference` writes it."""
    from ops.audit.reference import PAGE, render_reference

    assert PAGE.read_text(encoding="utf-8") == render_reference()
    assert all(f"`{identity}`" in render_reference() for identity in RULES)
