"""
The table of risks: what no line knows, what protection says, and that every line can be reached.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops import grading
from ops.confirm import Level
from ops.events import Change, Step
from ops.risk import TABLE, rule_of

URN = "urn:pulumi:local::flotilla::{}::{}"


def step(type: str, change: Change, name: str = "x", under: str = "") -> Step:
    """
    A step of a type.
    """
    chain = f"{under}${type}" if under else type
    return Step(change=change, urn=URN.format(chain, name), type=type)


@pytest.mark.parametrize("change", [Change.CREATE, Change.UPDATE, Change.REPLACE, Change.DELETE, Change.IMPORT])
def test_what_nobody_knows_is_important(change: Change) -> None:
    """Never less."""
    rule = rule_of(step("aws:rds/instance:Instance", change), frozenset())
    assert rule is not None
    assert rule.level is Level.IMPORTANT


@pytest.mark.parametrize(
    "type",
    [
        "hcloud:index/server:Server",
        "hcloud:index/volume:Volume",
        "hcloud:index/network:Network",
        "hcloud:index/networkSubnet:NetworkSubnet",
        "cloudflare:index/zone:Zone",
        "docker:index/volume:Volume",
        "docker:index/network:Network",
        "flotilla:data:Database",
        "flotilla:data:DatabaseServer",
    ],
)
def test_what_cannot_be_brought_back_is_critical(type: str) -> None:
    """Whatever it is called, and whoever asks."""
    rule = rule_of(step(type, Change.DELETE), frozenset())
    assert rule is not None
    assert rule.level is Level.CRITICAL


def test_what_stays_is_nothing_unless_its_protection_changes() -> None:
    """Taken off, it is important: the next change may delete it."""
    same = step("hcloud:index/networkSubnet:NetworkSubnet", Change.SAME)
    off, on = replace(same, was_protected=True), replace(same, is_protected=True)
    assert rule_of(same, frozenset()) is None
    assert [row.level for row in grading.grade([off, on])] == [Level.IMPORTANT, Level.STANDARD]


def test_every_line_has_a_reason_and_can_be_written() -> None:
    """And none stands behind one that takes all that it would."""
    for number, rule in enumerate(TABLE):
        assert rule.reason
        assert rule.says.format(
            name="n", verb="v", gone="g", details="d", type="t", serverType="s", location="l", size=1, image="i"
        )
        for earlier in TABLE[:number]:
            covers = rule.type.startswith(earlier.type) and set(rule.changes) <= set(earlier.changes)
            narrow = earlier.under not in rule.under or earlier.ending or earlier.properties or earlier.is_access
            narrow = narrow or earlier.is_loss or earlier.is_stop_first or earlier.with_parent is not None
            assert not (covers and not narrow), f"line {number} ({rule.says}) is never reached: {earlier.says}"


def test_values_are_shown_with_both_sides() -> None:
    """Units and digests as people write them; long texts by name; secrets never."""
    before = {
        "size": 10,
        "script": "a" * 100,
        "taskSpec": {"resources": {"limits": {"memoryBytes": 134217728}}},
        "key": "[secret]",
    }
    after = {
        "size": 20,
        "script": "b" * 100,
        "taskSpec": {"resources": {"limits": {"memoryBytes": 268435456}}},
        "key": "[secret]",
    }
    changed = ("size", "script", "taskSpec.resources.limits.memoryBytes", "key")
    base = step("hcloud:index/volume:Volume", Change.UPDATE)
    assert grading.details(replace(base, before=before, after=after, differing=changed)) == [
        "size in GB 10 -> 20",
        "script",
        "memory limit 128 MB -> 256 MB",
        "key",
    ]
