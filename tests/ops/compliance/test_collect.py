"""
What an assessment reads: the newest report of each check in this environment, and a plan only of just these settings.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ops import world
from ops.compliance.collect import collect, newest
from ops.errors import SettingsError
from tests.compliance_scenes import NOW, ROOT, report


def test_the_newest_report_of_each_check_counts() -> None:
    """Of one check or of all; those of another environment, or without a time, are none."""
    old = report("security", timedelta(days=2), [])
    young = report("security", timedelta(days=1), [])
    everything = report("global", timedelta(days=3), [])
    strangers: list[Any] = [{**young, "environment": "staging"}, {**young, "timestamp": "yesterday"}, [], None, {"checks": 3}]
    found = newest("production", [young, old, everything, *strangers])
    assert found["security"] is young
    assert found["hosts"] is found["global"] is everything
    assert newest("staging", [young]) == {}


def saved(path: Path, **changes: Any) -> Path:
    """A plan of production as it is now, but for these words."""
    settings = world.digest_of_settings(ROOT, "production")
    document = {"schema": 1, "stack": "production", "targets": [], "is_destroy": False, "violations": []}
    path.write_text(json.dumps({**document, "world": {"settings": settings, "state": ""}, **changes}))
    return path


def test_a_plan_of_these_settings_is_evidence(tmp_path: Path) -> None:
    """What policies said of it is what they say now."""
    known = collect(ROOT, "production", NOW, saved(tmp_path / "plan.json"))
    assert known.plan is not None
    assert known.settings.stack == "production"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stack": "staging"}, "this plan is of staging"),
        ({"targets": ["urn"]}, "this plan is not of everything"),
        ({"is_destroy": True}, "this plan is not of everything"),
        ({"world": {"settings": "0" * 64, "state": ""}}, "are not those that this plan was made for"),
        ({"schema": 7}, "this is no plan"),
    ],
)
def test_another_plan_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    """One of another stack, of a part, or of settings that were changed since shows nothing."""
    with pytest.raises(SettingsError, match=said):
        collect(ROOT, "production", NOW, saved(tmp_path / "plan.json", **changes))
