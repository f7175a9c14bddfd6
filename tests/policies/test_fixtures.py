"""
Every rule of every pack against its own examples: these tests are made from the rules.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest

from policies.catalog import packs
from policies.framework import UNKNOWN, AnyRule, Level, Pack, Resource, Rule, Stack
from policies.framework.judge import WAIVER_RULES, Judge, Verdict

TODAY = date(2026, 12, 1)
RULES = [pytest.param(pack, rule, id=rule.id) for pack in packs() for rule in pack.rules]
each_rule = pytest.mark.parametrize(("pack", "rule"), RULES)


def verdicts(pack: Pack, rule: AnyRule, case: Resource | Sequence[Resource]) -> list[Verdict]:
    """
    What the rule says of an example, with its default options.
    """
    judge = Judge(pack=pack, today=TODAY)
    if isinstance(rule, Rule):
        return judge.check(rule, case)
    return judge.check_stack(rule, Stack(case))


def resources(case: Resource | Sequence[Resource]) -> list[Resource]:
    """
    An example's resources, one or several.
    """
    return [case] if isinstance(case, Resource) else list(case)


@each_rule
def test_the_passing_examples_pass(pack: Pack, rule: AnyRule) -> None:
    """
    What is right is not reported.
    """
    assert rule.fixtures.passes
    for case in rule.fixtures.passes:
        assert not verdicts(pack, rule, case), case


@each_rule
def test_the_failing_examples_fail(pack: Pack, rule: AnyRule) -> None:
    """
    What is wrong is reported at the rule's level, and says which resource it is and what to do.
    """
    assert rule.fixtures.fails
    for case in rule.fixtures.fails:
        found = verdicts(pack, rule, case)
        assert found, case
        names = {resource.name for resource in resources(case)} | {"stack"}
        for verdict in found:
            assert verdict.level is (Level.ADVISORY if rule.level is Level.ADVISORY else Level.MANDATORY)
            assert verdict.message.partition(":")[0] in names
            assert verdict.message.endswith(rule.remediation)
            assert "UNKNOWN" not in verdict.message


@each_rule
def test_nothing_is_said_of_what_is_unknown(pack: Pack, rule: AnyRule) -> None:
    """
    A value that the plan computes later is neither right nor wrong.
    """
    assert rule.fixtures.unknown
    for case in rule.fixtures.unknown:
        assert not verdicts(pack, rule, case), case


@each_rule
def test_what_is_absent_is_judged_as_the_rule_says(pack: Pack, rule: AnyRule) -> None:
    """
    Each rule decides whether a missing property is a mistake.
    """
    assert rule.fixtures.absent
    for case in rule.fixtures.absent:
        assert bool(verdicts(pack, rule, case)) is rule.fixtures.absent_fails, case


@each_rule
def test_every_example_is_of_the_types_that_the_rule_names(pack: Pack, rule: AnyRule) -> None:
    """
    The server shows a rule only resources of its types, so an example of another one would prove nothing.
    """
    fixtures = rule.fixtures
    for case in (*fixtures.passes, *fixtures.fails, *fixtures.unknown, *fixtures.absent):
        assert {resource.type for resource in resources(case)} <= set(rule.types)


def with_unknowns(value: Any) -> Iterator[Any]:
    """
    The value with each part of it unknown in turn, down to every leaf.
    """
    yield UNKNOWN
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        for changed in with_unknowns(entry):
            copy = value.copy()
            copy[key] = changed
            yield copy


@each_rule
def test_a_passing_example_passes_whatever_is_unknown_in_it(pack: Pack, rule: AnyRule) -> None:
    """
    No part of a right resource makes it wrong, or stops the rule, by not being known yet.
    """
    for case in rule.fixtures.passes:
        found = resources(case)
        for index, resource in enumerate(found):
            for props in with_unknowns(dict(resource.props)):
                if props is UNKNOWN:
                    continue
                changed = Resource(**{**vars(resource), "props": props})
                several = [*found[:index], changed, *found[index + 1 :]]
                assert not verdicts(pack, rule, changed if isinstance(case, Resource) else several), props


def test_ids_are_unique_and_speak() -> None:
    """
    A waiver or a configuration names a rule by its id, in whatever pack it is.
    """
    ids = Counter(rule.id for pack in packs() for rule in (*pack.rules,))
    assert not [name for name, count in ids.items() if count > 1]
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", name) for name in ids)
    assert not set(ids) & {rule.id for rule in WAIVER_RULES}


@each_rule
def test_the_words_are_there(pack: Pack, rule: AnyRule) -> None:
    """
    Description and remediation are sentences; each option says what it is.
    """
    assert rule.description.endswith(".")
    assert rule.remediation.endswith(".")
    assert rule.level in (Level.ADVISORY, Level.MANDATORY, Level.REMEDIATE)
    assert rule.types
    assert all(option.description.endswith(".") for option in rule.options.values())


@each_rule
def test_a_remedy_mends_what_the_rule_finds(pack: Pack, rule: AnyRule) -> None:
    """
    After a remediating rule has set its properties it finds nothing more; it leaves alone what is right or unknown.
    """
    if not isinstance(rule, Rule) or rule.level is not Level.REMEDIATE:
        assert not isinstance(rule, Rule) or rule.fix is None
        return
    judge = Judge(pack=pack, today=TODAY)
    for case in rule.fixtures.fails:
        changes = judge.fix(rule, case)
        assert changes
        assert not verdicts(pack, rule, Resource(**{**vars(case), "props": {**case.props, **changes}}))
    for case in (*rule.fixtures.passes, *rule.fixtures.unknown):
        assert not judge.fix(rule, case)
