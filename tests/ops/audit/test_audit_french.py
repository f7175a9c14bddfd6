"""
What the audit's rules hold, in French.
"""

from __future__ import annotations

import pytest

from ops.audit.catalog import CHECKS
from ops.audit.french import HOLDS
from ops.audit.rule import Rule
from tests.french import spans, untidy

RULES = [rule for check in CHECKS.values() for rule in check.rules]


def test_every_rule_has_its_words_and_nothing_else_has() -> None:
    """In the order in which they are looked at, as in the English reference."""
    assert list(HOLDS) == [rule.id for rule in RULES]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_settings_are_not_translated(rule: Rule) -> None:
    """What is between backquotes and each number is the same in both; the rest is not."""
    told = HOLDS[rule.id]
    assert spans(rule.holds) == spans(told)
    assert rule.holds != told
    assert not told.endswith(".")
    assert untidy(told) == []
