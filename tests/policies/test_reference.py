"""
The reference of the policies is complete and fresh.
"""

from __future__ import annotations

import json
import re

import pytest

from policies.catalog import packs
from policies.framework import Level
from policies.reference import PAGE, render_reference

RULES = [rule for pack in packs() for rule in pack.rules]


def test_page_is_fresh() -> None:
    """docs/policies.md is what the rules say; `python -m policies.reference` writes it."""
    assert PAGE.read_text(encoding="utf-8") == render_reference()


@pytest.fixture(scope="module")
def page() -> str:
    """The page as it is now."""
    return render_reference()


def test_the_count_is_that_of_the_rules(page: str) -> None:
    """At least 60 rules, counted on the page by pack and by level."""
    assert len(RULES) >= 60
    assert f"{len(RULES)} rules in {len(packs())} packs" in page
    for pack in packs():
        assert re.search(rf"^## .+: {len(pack.rules)} rules$", page, re.MULTILINE)
    for level in (Level.ADVISORY, Level.MANDATORY, Level.REMEDIATE):
        assert f"{sum(rule.level is level for rule in RULES)} {level.value}" in page


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_rule_has_a_row_and_its_results(page: str, rule) -> None:
    """Level, words, references, remedy and options stand in one row; what its examples gave stands in another."""
    [row] = [line for line in page.splitlines() if line.startswith(f"| `{rule.id}` | {rule.level.value} |")]
    assert row.replace("\\|", "").count("|") == 7
    for text in (rule.description, rule.remediation, *map(str, rule.references), *(f"`{name}`" for name in rule.options)):
        assert text.replace("|", "\\|") in row
    [results] = [line for line in page.splitlines() if re.match(rf"\| `{rule.id}` \| \d+ pass \|", line)]
    right, wrong, unknown, absent = (cell.strip() for cell in results.split("|")[2:6])
    assert right == f"{len(rule.fixtures.passes)} pass"
    assert wrong == f"{len(rule.fixtures.fails)} found"
    assert unknown == f"{len(rule.fixtures.unknown)} pass"
    assert absent == f"{len(rule.fixtures.absent)} {'found' if rule.fixtures.absent_fails else 'pass'}"


def test_what_it_says_of_configuration_is_true(page: str) -> None:
    """The example names rules and options that there are."""
    [block] = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    options = {rule.id: rule.options for rule in RULES}
    for name, value in json.loads(block).items():
        assert name in options
        if isinstance(value, dict):
            assert value.keys() - {"enforcementLevel"} <= options[name].keys()
