"""
What a plan comes to: its level, its groups, its cost, and whether a saved one still holds.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ops import apply, plan_text, saved_plan, world
from ops.confirm import Level
from ops.errors import ChangedError, PolicyError, RefusedError, SettingsError
from ops.events import Change, Violation
from ops.grading import FLEET, Graded
from ops.plan import Plan, require_policies
from ops.world import World

ROW = Graded(
    urn="urn:x::server",
    type="hcloud:index/server:Server",
    change=Change.UPDATE,
    level=Level.IMPORTANT,
    project=FLEET,
    line="server data-1: type cx23 -> cx33",
    reason="it is resized",
    downtime="the server powers off",
    eur=2.5,
)
RELEASE = replace(
    ROW, urn="urn:x::web", level=Level.STANDARD, project="shop", line="shop: a release starts", downtime="", eur=0.0
)
PLAN = Plan(stack="local", world=World(settings="a", state="b"), changes=(ROW, RELEASE), violations=(), warnings=())
FORBIDDEN = Violation(pack="security", policy="no-such", level="mandatory", message="no <b>such</b> thing", urn="")


def test_the_worst_change_decides() -> None:
    """And taking everything away is critical, whatever there is."""
    assert PLAN.level is Level.IMPORTANT
    assert replace(PLAN, changes=(RELEASE,)).level is Level.STANDARD
    assert replace(PLAN, changes=()).level is Level.INFO
    assert replace(PLAN, changes=(RELEASE,), is_destroy=True).level is Level.CRITICAL


def test_changes_are_grouped_by_project_with_what_they_cost() -> None:
    """The fleet first; a price that nobody knows is said, and not counted."""
    unpriced = replace(PLAN, changes=(ROW, RELEASE, replace(ROW, eur=None, line="server x is made")))
    text = [line for line, _ in plan_text.lines(unpriced)]
    assert list(PLAN.grouped()) == [FLEET, "shop"]
    assert "            downtime: the server powers off" in text
    assert "Cost: +2.50 EUR per month, and an unknown price: server x is made." in text
    assert text[-1] == "local: important; 2 important, 1 standard."


def test_markdown_cannot_be_broken_out_of() -> None:
    """Whatever stands in a message is text in its cell."""
    text = plan_text.markdown(replace(PLAN, violations=(FORBIDDEN,), changes=(replace(ROW, line="a|b `c` <i>\nd"),)))
    assert "a\\|b \\`c\\` &lt;i\\> d" in text
    assert "<b>" not in text


def test_a_mandatory_policy_stops() -> None:
    """With exit code 4; an advisory one does not."""
    with pytest.raises(PolicyError, match="security/no-such") as raised:
        require_policies(replace(PLAN, violations=(FORBIDDEN,)))
    assert raised.value.exit_code == 4
    require_policies(replace(PLAN, violations=(replace(FORBIDDEN, level="advisory"),)))


def test_a_saved_plan_holds_while_the_world_is_the_same(tmp_path: Path) -> None:
    """And says which part of it is not; exit code 5."""
    path = tmp_path / "plan.json"
    saved_plan.save(PLAN, path)
    kept = saved_plan.read(path)
    assert path.stat().st_mode & 0o077 == 0
    saved_plan.require_same(kept, replace(PLAN, duration_s=9.0), path)
    for other, word in (
        (replace(PLAN, world=World(settings="c", state="b")), "the settings or releases"),
        (replace(PLAN, world=World(settings="a", state="c")), "the state"),
        (replace(PLAN, changes=(ROW,)), "the changes"),
    ):
        with pytest.raises(ChangedError, match=word) as raised:
            saved_plan.require_same(kept, other, path)
        assert raised.value.exit_code == 5


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 99, "world": {}}'])
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    """A file that is something else, or of another version."""
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(SettingsError, match="flotilla plan --save"):
        saved_plan.read(tmp_path / "plan.json")


def test_every_file_of_the_settings_counts(tmp_path: Path) -> None:
    """A project's file, the stack's own, its releases; another stack's do not."""
    (tmp_path / "projects").mkdir()
    (tmp_path / "releases").mkdir()
    digests = [world.digest_of_settings(tmp_path, "local")]
    for name in ("Pulumi.local.yaml", "projects/shop.yaml", "releases/local.yaml"):
        (tmp_path / name).write_text("a: 1\n")
        digests.append(world.digest_of_settings(tmp_path, "local"))
    assert len(set(digests)) == 4
    (tmp_path / "releases" / "staging.yaml").write_text("a: 1\n")
    assert world.digest_of_settings(tmp_path, "local") == digests[-1]


def test_every_update_of_the_state_counts() -> None:
    """Also one that changed no resource's id, and one that was cut short."""
    state = {"deployment": {"manifest": {"time": "1"}, "resources": [{"urn": "u", "id": "1"}]}}
    later = json.loads(json.dumps(state).replace('"time": "1"', '"time": "2"'))
    begun = {"deployment": {**state["deployment"], "pending_operations": [{"type": "creating", "resource": {"urn": "v"}}]}}
    assert len({world.digest_of_state(found) for found in (state, later, begun, {})}) == 4


def test_what_only_adds_needs_no_backup() -> None:
    """A first administrator is critical, and there is nothing to lose; a deleted volume is something else."""
    key = replace(ROW, level=Level.CRITICAL, change=Change.CREATE)
    assert not apply.loses_something(replace(PLAN, changes=(key, ROW)))
    assert apply.loses_something(replace(PLAN, changes=(replace(key, change=Change.DELETE),)))
    assert apply.loses_something(replace(PLAN, changes=(), is_destroy=True))


def test_what_is_protected_is_refused() -> None:
    """Before anything is done, with the way out."""
    with pytest.raises(RefusedError, match="pulumi state unprotect"):
        apply.require_unprotected(replace(PLAN, protected=("urn:x::data-1-disk",)))
