"""
Properties of any shape: whatever a program registers, no rule of any pack breaks.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies.catalog import packs
from policies.framework import UNKNOWN, Resource, Rule, Secret, Stack
from policies.framework.judge import Judge

JUDGES = [Judge(pack=pack, today=date(2026, 12, 1)) for pack in packs()]
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just(UNKNOWN)
LEAVES |= st.text(max_size=6).map(Secret) | st.sampled_from(
    ["0.0.0.0/0", "any", "in", "tcp", "host", "A", "CAA", "ssh-rsa AAAA x", "db"]
)


def parts(value: Any) -> set[str]:
    """
    All names of properties in an example.
    """
    if isinstance(value, dict):
        return set(value) | {name for entry in value.values() for name in parts(entry)}
    return {name for entry in value for name in parts(entry)} if isinstance(value, list) else set()


def cases(rule: Any) -> list[Resource]:
    """
    A rule's examples, one by one.
    """
    fixtures = rule.fixtures
    found = [*fixtures.passes, *fixtures.fails, *fixtures.unknown, *fixtures.absent]
    return found if isinstance(rule, Rule) else [resource for case in found for resource in case]


ALL = [case for judge in JUDGES for rule in judge.pack.rules for case in cases(rule)]
NAMES = sorted({name for case in ALL for name in parts(dict(case.props))})
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


def broken(draw: st.DrawFn, value: Any) -> Any:
    """
    The value with something of another shape put somewhere into it.
    """
    entries = list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    if not entries or draw(st.integers(0, 3)) == 0:
        return draw(VALUES)
    key, entry = draw(st.sampled_from(entries))
    copy = value.copy()
    copy[key] = broken(draw, entry)
    return copy


@st.composite
def resources(draw: st.DrawFn) -> Resource:
    """
    An example of some rule, broken somewhere.
    """
    case = draw(st.sampled_from(ALL))
    props = broken(draw, dict(case.props))
    return Resource(
        **{
            **vars(case),
            "props": props if isinstance(props, dict) else {},
            "outputs": draw(st.just({}) | st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3)),
        }
    )


@settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(resources(), min_size=1, max_size=4))
def test_no_rule_breaks_whatever_it_is_shown(found: list[Resource]) -> None:
    """
    A rule that raised would stop the preview with an error of its own instead of a finding.
    """
    for judge in JUDGES:
        for rule in judge.pack.rules:
            if isinstance(rule, Rule):
                for resource in found:
                    if resource.type in rule.types:
                        judge.check(rule, resource)
                        judge.fix(rule, resource)
            else:
                judge.check_stack(rule, Stack(found))
