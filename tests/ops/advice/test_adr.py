"""
The draft of a decision record: the form of those in docs/adr, with everything that is proposed, and no markup of others.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from ops.advice.adr import draft, next_number
from tests.advice_scenes import advice
from tests.conftest import Checkout

RECORDS = Path(__file__).parents[3] / "docs" / "adr"
TODAY = date(2026, 11, 26)


def test_the_draft_has_the_form_of_the_others(sample_fleet: Checkout) -> None:
    """Number and title, date and status, and the headings of the newest record with headings."""
    text = draft(advice(sample_fleet, {"stack": "production"}), 10, TODAY)
    lines = text.splitlines()
    assert lines[0] == "# 0010 What to change in production"
    assert lines[2].startswith("Date: 2026-11-26. Status: draft")
    newest = (RECORDS / "0009-one-update-at-a-time.md").read_text().splitlines()
    assert [line for line in lines if line.startswith("## ")] == [line for line in newest if line.startswith("## ")]


def test_every_change_is_a_decision(sample_fleet: Checkout) -> None:
    """Each setting with its old and new value."""
    found = advice(sample_fleet, {"stack": "production"})
    text = draft(found, 10, TODAY)
    assert found["proposals"]
    for row in found["proposals"]:
        for change in row["changes"]:
            assert f"- `{change['file']}`: `{change['path']}` from " in text


def test_nothing_to_propose_is_said(sample_fleet: Checkout) -> None:
    """A draft without proposals decides that nothing changes."""
    assert "Nothing is to be changed." in draft(advice(sample_fleet, {"stack": "staging"}), 10, TODAY)


@pytest.mark.parametrize(("names", "number"), [((), 1), (("0009-a.md", "README.md", "0002-b.md"), 10), (("notes.md",), 1)])
def test_the_number_is_the_next_one(names: tuple[str, ...], number: int) -> None:
    """After the highest that is there."""
    assert next_number(names) == number
