"""
Which runbook is suggested for what was found: golden cases.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ops.audit.catalog import CHECKS
from ops.incidents.runbook import RUNBOOKS, suggest
from ops.report import Finding, Status

CASES = json.loads((Path(__file__).parents[2] / "cases" / "incident" / "runbooks.json").read_text())


def finding(row: dict[str, Any]) -> Finding:
    return Finding(**{"evidence": "", "fix": "", **row, "severity": Status(row["severity"])})


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["says"])
def test_suggestions(case: dict[str, Any]) -> None:
    """The whole of each: why, steps, commands, in their order."""
    found = suggest([finding(row) for row in case["findings"]], "local", project="shop", ingress="app-1")
    assert [asdict(row) for row in found] == [{**row, **_frozen(row)} for row in case["suggestions"]]


def _frozen(row: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) for key, value in row.items() if isinstance(value, list)}


def test_every_runbook_has_a_case() -> None:
    """And every finding that one is about is one of the audit's."""
    seen = {row["name"] for case in CASES for row in case["suggestions"]}
    known = {rule.id for check in CHECKS.values() for rule in check.rules} | {check.unreachable for check in CHECKS.values()}

    assert seen == {runbook.name for runbook in RUNBOOKS}
    assert {match for runbook in RUNBOOKS for match in runbook.matches} <= known


def test_names_that_come_from_a_server_are_no_commands() -> None:
    """A resource with shell syntax in it is quoted where a person would paste it."""
    row = {"id": "hosts.disk-full", "severity": "CRITICAL", "resource": "x; touch pwned:/mnt", "message": "full"}
    (found,) = suggest([finding(row)], "local")

    assert all("'x; touch pwned'" in command for command in found.commands if "touch" in command)
    assert any("touch" in command for command in found.commands)


def test_nothing_found_is_nothing_suggested() -> None:
    """And what no runbook is about suggests none."""
    assert suggest([], "local") == ()
    assert (
        suggest([finding({"id": "tls.headers-missing", "severity": "WARNING", "resource": "a", "message": "b"})], "local") == ()
    )
