"""
Proposals: golden cases in tests/cases/advice, and that settings accept every one of them.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.advice.advise import Refused, propose, tried
from ops.advice.collect import young
from ops.advice.proposal import Area, Change, Proposal
from ops.advice.scaling import larger_type
from ops.advice.trial import attempt, with_change
from settings import Settings
from settings.catalog import SERVER_TYPES
from tests.advice_scenes import advice, reports, rewritten, situation, told
from tests.compliance_scenes import NOW
from tests.conftest import Checkout

CASES = sorted((Path(__file__).parents[2] / "cases" / "advice").glob("*.json"))
each_case = pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)


@each_case
def test_case(sample_fleet: Checkout, path: Path) -> None:
    """What is proposed, what is not and why, and what only people know."""
    case = json.loads(path.read_text())
    found = advice(rewritten(sample_fleet, case), case)
    assert told(found) == case["expect"]["proposals"]
    assert [f"{row['id']} {row['project']}: {row['why']}" for row in found["not_proposed"]] == case["expect"]["not_proposed"]
    assert [row["path"] for row in found["questions"]] == case["expect"]["questions"]
    assert {f"{row['project']}/{row['process']}": row["fits"] for row in found["strategies"]} == case["expect"]["strategies"]


@each_case
def test_every_proposal_is_accepted_by_settings(sample_fleet: Checkout, path: Path) -> None:
    """Each, written into the files, gives valid settings with the new value, in this and every other stack."""
    case = json.loads(path.read_text())
    checkout = rewritten(sample_fleet, case)
    files = {file: file.read_text() for file in checkout.root.rglob("*.yaml")}
    for row in advice(checkout, case)["proposals"]:
        for change in row["changes"]:
            file = checkout.root / change["file"]
            place = tuple(change["path"].split("."))
            made = Change(file=change["file"], path=place, old=change["old"], new=change["new"])
            file.write_text(yaml.safe_dump(with_change(yaml.safe_load(file.read_text()), made), sort_keys=False))
        for stack in ("local", "staging", "production"):
            assert isinstance(checkout.settings(stack), Settings)
        for file, text in files.items():
            file.write_text(text)


@each_case
def test_old_values_are_those_that_count_now(sample_fleet: Checkout, path: Path) -> None:
    """A proposal says what it replaces: a value that is written, or the default or override that counts."""
    case = json.loads(path.read_text())
    known = situation(rewritten(sample_fleet, case), case)
    for proposal in propose(known):
        assert all(change.old != change.new for change in proposal.changes)
        assert proposal.reason and proposal.effect and proposal.risk
        assert not proposal.reason.endswith(".")


def test_what_settings_refuse_is_not_proposed(sample_fleet: Checkout) -> None:
    """It is told with the reason, so that nobody looks for it."""
    known = situation(sample_fleet, {"stack": "production"})
    wrong = Proposal(
        id="made-up",
        area=Area.SHAPE,
        project="",
        changes=(known.stack_change("servers", "data", "volume_gb", old=100, new=None),),
        reason="r",
        effect="e",
        risk="r",
    )
    [found] = tried(known, [wrong], lambda changes: attempt(sample_fleet.root, "production", changes))
    assert isinstance(found, Refused)
    assert "databases would be lost with their server" in found.why


def test_what_breaks_another_stack_is_refused(sample_fleet: Checkout) -> None:
    """A project's value counts in every stack that has no other."""
    known = situation(sample_fleet, {"stack": "production"})
    guestbook = known.settings.projects["guestbook"]
    change = known.project_change(guestbook, "web", "limits", "memory_mb", old=128, new=5000)
    found = attempt(sample_fleet.root, "production", (change,))
    assert isinstance(found, list)
    assert any("memory_mb" in problem for problem in found)


def test_trying_leaves_the_checkout_as_it_is(sample_fleet: Checkout) -> None:
    """Proposals are written into a copy."""
    before = {path: path.read_bytes() for path in sample_fleet.root.rglob("*.yaml")}
    advice(sample_fleet, {"stack": "production", "used": {"data-1": [0.95, 1.0]}})
    assert {path: path.read_bytes() for path in sample_fleet.root.rglob("*.yaml")} == before


def test_old_reports_say_nothing(sample_fleet: Checkout) -> None:
    """What was measured ten days ago is no reason for anything today."""
    found = reports("production", {"used": {"data-1": [0.95, 1.0]}})
    assert young(found, NOW + timedelta(days=6)) == found
    assert young(found, NOW + timedelta(days=10)) == {}


@pytest.mark.parametrize("name", sorted(SERVER_TYPES))
def test_a_larger_type_is_larger(name: str) -> None:
    """Of the same family, with more memory and no less of the rest; the largest has none."""
    found = larger_type(name, "fsn1")
    if found is not None:
        old, new = SERVER_TYPES[name], SERVER_TYPES[found]
        assert (new.memory_gb > old.memory_gb, new.disk_gb >= old.disk_gb, new.architecture) == (True, True, old.architecture)


@pytest.mark.parametrize("stack", ["local", "staging"])
def test_what_is_small_on_purpose_is_left_alone(sample_fleet: Checkout, stack: str) -> None:
    """Nobody depends on the sandbox or on staging: no second server, no promise, no drill is proposed there."""
    found: dict[str, Any] = advice(sample_fleet, {"stack": stack})
    assert found["proposals"] == []
