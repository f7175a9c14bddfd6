"""
A week in one document: golden cases in tests/cases/weekly/.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops import weekly
from ops.page.records import Records
from tests import page_records as day

CASES = sorted((Path(__file__).parents[1] / "cases" / "weekly").glob("*.json"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_week(path: Path) -> None:
    """What came, what went, and what cannot be told."""
    case = json.loads(path.read_text())
    records = Records(**{"report": None, **{name: tuple(rows) for name, rows in case["records"].items()}})
    found = weekly.weekly("local", records, day.NOW.timestamp())
    assert {name: found[name] for name in case["wanted"]} == case["wanted"]
    assert weekly.lines(found) == case["lines"]


def test_there_are_cases() -> None:
    """None would be no proof."""
    assert {path.stem for path in CASES} >= {"nothing", "busy", "unreachable", "check-not-run"}


def test_the_week_is_read_from_what_is_kept(tmp_path: Path) -> None:
    """Seven days, where the page has one."""
    day.write(tmp_path)
    found: dict[str, Any] = weekly.of(tmp_path, "local", day.NOW.timestamp())
    assert found["runs"] == 5
    assert found["operations"] == {"deploy failed": 1, "rollback done": 1}
    assert found["fixes"] == {"done": 1, "failed": 1}
    assert found["syncs"] == {"conflict": 1, "pushed": 1}
