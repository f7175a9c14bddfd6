"""
The catalogue of controls: complete where it says so, and every piece of evidence exists.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

from ops.audit.catalog import CHECKS
from ops.compliance.catalogue import CONTROLS
from ops.compliance.control import NOTHING, Condition, Control, Framework, Need
from ops.compliance.facts import FACTS
from policies.catalog import packs

KNOWN = {
    Need.POLICY: {rule.id for pack in packs() for rule in pack.rules},
    Need.CHECK: {rule.id for check in CHECKS.values() for rule in check.rules},
    Need.FACT: set(FACTS),
}
each_control = pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)


@each_control
def test_every_piece_of_evidence_exists(control: Control) -> None:
    """A policy, a check or a fact that does not exist would be unknown for ever."""
    assert [name for need, name in control.needs if name not in KNOWN[need]] == []


@each_control
def test_a_control_says_what_shows_it_or_why_nothing_does(control: Control) -> None:
    """Either there is evidence to ask for, or it is not about servers at all."""
    assert bool(control.needs) is not (control.outside != NOTHING)
    for title in (control.title.en, control.title.fr):
        assert not title.endswith(".")
        assert title[0].isupper() or title.startswith(("sshd", "root"))


@each_control
def test_a_control_is_in_both_languages(control: Control) -> None:
    """Each of its texts, with the same commands and files in it."""
    for words in (control.title, control.beyond, control.outside):
        assert bool(words.en) is bool(words.fr)
        assert words == NOTHING or words.en != words.fr
        assert re.findall("`[^`]*`", words.en) == re.findall("`[^`]*`", words.fr)


def test_ids_are_unique_and_so_are_items() -> None:
    """A control is named by its id in reports and by its item in its framework."""
    assert not [name for name, count in Counter(control.id for control in CONTROLS).items() if count > 1]
    assert not [key for key, count in Counter((control.framework, control.item) for control in CONTROLS).items() if count > 1]


def test_what_was_asked_for_is_there() -> None:
    """Every framework; the articles of the GDPR; all 42 measures of ANSSI, none of them left out in silence."""
    items = {framework: {row.item for row in CONTROLS if row.framework is framework} for framework in Framework}
    assert all(items.values())
    assert {"Art. 25", "Art. 30", "Art. 32(1)(a)", "Art. 32(1)(b)", "Art. 32(1)(c)", "Art. 32(1)(d)", "Art. 33"} <= items[
        Framework.GDPR
    ]
    assert items[Framework.ANSSI] == {f"measure {number}" for number in range(1, 43)}


def test_conditions_are_all_used_or_general() -> None:
    """No condition is there for nothing."""
    assert {control.condition for control in CONTROLS} | {Condition.DATABASES} == set(Condition)
