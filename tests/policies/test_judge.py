"""
From findings to verdicts: levels, options, waivers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from policies.framework import Finding, Fixtures, Level, Option, Options, Pack, Resource, Rule, Stack, StackRule, number
from policies.framework.judge import Judge
from policies.framework.waivers import Waiver, waivers_of

TODAY = date(2026, 12, 1)
TALL = Resource(type="box", name="tower", props={"height": 9})
NO_FIXTURES = Fixtures[Any](passes=[], fails=[], unknown=[], absent=[], absent_fails=False)


def _high(resource: Resource, options: Options) -> Iterator[str]:
    if (number(resource.props, "height") or 0) > options["most"]:
        yield f"it is over {options['most']} high"


def _alone(stack: Stack, options: Options) -> Iterator[Finding]:
    if len(stack.of("box")) < 2:
        yield Finding(message="there is one box only")


HIGH = Rule(
    id="box-too-high",
    description="Boxes are low.",
    level=Level.REMEDIATE,
    types=("box",),
    remediation="Saw it off.",
    options={"most": Option(5, "How high a box may be.")},
    check=_high,
    fix=lambda resource, options: {"height": options["most"]},
    fixtures=NO_FIXTURES,
)
ALONE = StackRule(
    id="box-alone",
    description="Boxes have company.",
    level=Level.MANDATORY,
    types=("box",),
    remediation="Add one.",
    check=_alone,
    fixtures=NO_FIXTURES,
)
PACK = Pack(name="boxes", description="Boxes.", rules=(HIGH, ALONE), reports_strange_waivers=True)


def waiver(**fields: Any) -> Waiver:
    """
    A waiver that holds, with these fields changed.
    """
    known = {"rule": "box-too-high", "resource": "tower", "reason": "it is listed", "owner": "alice", "until": TODAY}
    return Waiver(**{**known, **fields})


def judge(*waivers: Waiver, **options: Any) -> Judge:
    """
    A judge of boxes.
    """
    return Judge(pack=PACK, today=TODAY, waivers=waivers, **options)


def test_a_finding_names_the_resource_the_fact_and_what_to_do() -> None:
    """
    What a person reads says all three, at the rule's level.
    """
    (verdict,) = judge().check(HIGH, TALL)
    assert verdict.message == "tower: it is over 5 high. Saw it off."
    assert (verdict.level, verdict.urn) == (Level.MANDATORY, TALL.urn)


def test_a_finding_about_the_stack_is_said_of_the_stack() -> None:
    """
    Without a resource, `stack` takes its name's place, in waivers too.
    """
    (verdict,) = judge().check_stack(ALONE, Stack([TALL]))
    assert (verdict.message, verdict.urn) == ("stack: there is one box only. Add one.", "")
    (waived,) = judge(waiver(rule="box-alone", resource="stack")).check_stack(ALONE, Stack([TALL]))
    assert waived.level is Level.ADVISORY


@pytest.mark.parametrize("resource", ["tower", "tow*", "*"])
def test_a_valid_waiver_turns_its_finding_into_a_note_with_owner_and_end(resource: str) -> None:
    """
    The finding stays visible; nothing is wrong with the waiver; what it excuses is not mended either.
    """
    made = judge(waiver(resource=resource))
    assert made.fix(HIGH, TALL) == {}
    (verdict,) = made.check(HIGH, TALL)
    assert verdict.level is Level.ADVISORY
    assert verdict.message == "tower: it is over 5 high (waived by alice until 2026-12-01: it is listed)."
    assert made.check_waivers() == []


@pytest.mark.parametrize("changed", [{"resource": "other"}, {"rule": "box-alone"}, {"resource": "TOWER"}])
def test_a_waiver_excuses_nothing_but_what_it_names(changed: dict[str, str]) -> None:
    """
    Another resource or another rule is judged as if it were not there.
    """
    made = judge(waiver(**changed))
    (verdict,) = made.check(HIGH, TALL)
    assert verdict.level is Level.MANDATORY
    assert made.fix(HIGH, TALL) == {"height": 5}


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"until": TODAY - timedelta(days=1)}, "it ended on 2026-11-30"),
        ({"until": None}, "it has no end date"),
        ({"owner": ""}, "it lacks its resource, reason or owner"),
        ({"reason": ""}, "it lacks its resource, reason or owner"),
    ],
)
def test_an_expired_or_incomplete_waiver_fails_and_excuses_nothing(changed: dict[str, Any], why: str) -> None:
    """
    The finding stands, and the waiver itself is a mandatory violation that names its owner.
    """
    made = judge(waiver(**changed))
    assert made.check(HIGH, TALL)[0].level is Level.MANDATORY
    (verdict,) = made.check_waivers()
    assert (verdict.rule.id, verdict.level) == ("waiver-expired", Level.MANDATORY)
    assert f"waiver of box-too-high for tower: {why}, so it excuses nothing" in verdict.message
    assert (changed.get("owner", "alice") or "nobody") in verdict.message


def test_a_waiver_that_matches_nothing_is_an_advisory() -> None:
    """
    It was forgotten when what it excused was mended.
    """
    made = judge(waiver())
    assert made.check(HIGH, Resource(type="box", name="tower", props={"height": 3})) == []
    (verdict,) = made.check_waivers()
    assert (verdict.rule.id, verdict.level) == ("waiver-unused", Level.ADVISORY)


def test_a_waiver_of_another_packs_rule_is_that_packs_business_and_a_misspelt_one_is_told() -> None:
    """
    Each pack speaks of its own rules; one of them says when no pack has such a rule.
    """
    assert judge(waiver(rule="another-packs")).check_waivers() == []
    (verdict,) = judge(waiver(rule="box-to-high"), is_strange=lambda rule: rule == "box-to-high").check_waivers()
    assert (verdict.level, "no rule has this id" in verdict.message) == (Level.ADVISORY, True)


def test_configuration_changes_levels_and_options() -> None:
    """
    A pack's configuration makes a rule stricter, looser or silent without touching it.
    """
    assert judge(options={"box-too-high": {"most": 10}}).check(HIGH, TALL) == []
    assert judge(levels={"box-too-high": Level.ADVISORY}).check(HIGH, TALL)[0].level is Level.ADVISORY
    assert judge(levels={"box-too-high": Level.DISABLED}).check(HIGH, TALL) == []
    assert judge(levels={"box-too-high": Level.MANDATORY}).fix(HIGH, TALL) == {}
    assert judge(levels={"box-alone": Level.DISABLED}).check_stack(ALONE, Stack([TALL])) == []
    assert judge(waiver(until=None), levels={"waiver-expired": Level.DISABLED}).check_waivers() == []


def test_waivers_are_read_as_the_engine_hands_them_over() -> None:
    """
    A date in YAML arrives with a time of day; one in quotes does not.
    """
    entry = {"rule": "a-b", "resource": "x", "reason": "r", "owner": "o"}
    waivers = [{**entry, "until": "2026-12-31 00:00:00 +0000 UTC"}, {**entry, "until": "2026-12-31"}]
    config = {"flotilla:environment": json.dumps({"waivers": waivers})}
    assert [found.until for found in waivers_of(config)] == [date(2026, 12, 31)] * 2


@pytest.mark.parametrize(
    "environment",
    ["not json", "[]", "null", '{"waivers": 3}', '{"waivers": ["x", null]}', "{}"],
)
def test_what_settings_refuse_does_not_stop_the_packs(environment: str) -> None:
    """
    The program says what is wrong with its settings; a pack that crashed would hide that.
    """
    assert waivers_of({"flotilla:environment": environment}) == ()
    assert waivers_of({}) == ()


@pytest.mark.parametrize("until", ["tomorrow", "", None, 3, "31.12.2026"])
def test_a_waiver_without_a_date_holds_on_no_day(until: object) -> None:
    """
    It is kept, so that it can be told of.
    """
    config = {"flotilla:environment": json.dumps({"waivers": [{"rule": "a-b", "until": until}]})}
    (found,) = waivers_of(config)
    assert found.until is None
    assert found.why_not(TODAY) == "it has no end date"
