"""
What is known of a rule of the policy packs. Those that look only at settings are judged here and now; those about other
resources were judged by a plan of these settings, or when everything was last brought out.
"""

from __future__ import annotations

from collections.abc import Iterator

from components.fleet_props import describe
from ops.compliance.control import Need
from ops.compliance.evidence import APPLY_AGE, Evidence, Piece, State
from policies.framework import AnyRule, Level, Pack, Resource, Rule, Stack
from policies.framework.judge import Judge, Verdict
from policies.framework.kinds import FLEET
from policies.framework.waivers import Waiver

SHOWN = 3


def judge(name: str, evidence: Evidence) -> Piece:
    """
    What is known of a rule.
    """
    pack, rule = evidence.rules[name]
    if set(rule.types) == {FLEET}:
        return _now(pack, rule, evidence)
    if evidence.plan is not None:
        return _planned(rule, evidence)
    return _applied(rule, evidence)


def _now(pack: Pack, rule: AnyRule, evidence: Evidence) -> Piece:
    settings = evidence.settings
    fleet = Resource(type=FLEET, name=settings.environment.name, stack=settings.stack, props=describe(settings))
    judge_ = Judge(pack=pack, today=evidence.now.date(), waivers=tuple(_waivers(evidence)))
    found = judge_.check(rule, fleet) if isinstance(rule, Rule) else judge_.check_stack(rule, Stack([fleet]))
    source = f"Pulumi.{settings.stack}.yaml, judged now"
    return _piece(rule, found, [verdict.message for verdict in found], source, evidence.now.isoformat(timespec="seconds"))


def _piece(rule: AnyRule, found: list[Verdict], said: list[str], source: str, when: str) -> Piece:
    if not found:
        return Piece(need=Need.POLICY, name=rule.id, state=State.HELD, said=rule.description, source=source, when=when)
    is_waived = rule.level is not Level.ADVISORY and all(verdict.level is Level.ADVISORY for verdict in found)
    return _wrong(rule, State.WAIVED if is_waived else State.BROKEN, said, source, when)


def _wrong(rule: AnyRule, state: State, said: list[str], source: str, when: str = "") -> Piece:
    is_grave = rule.level is not Level.ADVISORY
    return Piece(need=Need.POLICY, name=rule.id, state=state, said=_list(said), source=source, when=when, is_grave=is_grave)


def _waivers(evidence: Evidence) -> Iterator[Waiver]:
    for waiver in evidence.settings.environment.waivers:
        yield Waiver(**waiver.model_dump())


def _planned(rule: AnyRule, evidence: Evidence) -> Piece:
    """
    By a plan of just these settings, which is as old as they are.
    """
    rows = [row for row in (evidence.plan or {}).get("violations", ()) if row.get("policy") == rule.id]
    source = "a saved plan of these settings"
    if not rows:
        return Piece(need=Need.POLICY, name=rule.id, state=State.HELD, said=rule.description, source=source)
    is_waived = rule.level is not Level.ADVISORY and not any(row.get("is_stopping") for row in rows)
    state = State.WAIVED if is_waived and _excused(rule, evidence) else State.BROKEN
    return _wrong(rule, state, [" ".join(str(row.get("message")).split()) for row in rows], source)


def _applied(rule: AnyRule, evidence: Evidence) -> Piece:
    """
    By the last time that everything was brought out: `flotilla apply` goes on only where every mandatory rule is held.
    """
    line, source = evidence.last_applied(), "flotilla history"
    more = f"run `flotilla plan -s {evidence.settings.stack} --save plan.json`, and give it with `--plan`"
    if line is None:
        return _unknown(rule, f"no plan was given, and nothing was brought out: {more}", source)
    when = str(line.get("at", ""))
    old = evidence.age_problem(when, APPLY_AGE)
    if old or rule.level is Level.ADVISORY:
        why = f"what was brought out proves nothing now: {old}" if old else "only a plan tells what is only advised"
        return _unknown(rule, f"{why}: {more}", source, when)
    waivers = [waiver for waiver in evidence.settings.environment.waivers if waiver.rule == rule.id]
    if waivers and not _excused(rule, evidence):
        return _unknown(rule, f"its waiver has ended since it was brought out: {more}", source, when)
    if waivers:
        said = "; ".join(
            f"{waiver.resource}: waived by {waiver.owner} until {waiver.until}: {waiver.reason}" for waiver in waivers
        )
        return Piece(need=Need.POLICY, name=rule.id, state=State.WAIVED, said=said, source=source, when=when)
    return Piece(need=Need.POLICY, name=rule.id, state=State.HELD, said=rule.description, source=source, when=when)


def _excused(rule: AnyRule, evidence: Evidence) -> bool:
    """
    Whether a waiver of the rule holds today.
    """
    today = evidence.now.date()
    return any(waiver.rule == rule.id and waiver.until >= today for waiver in evidence.settings.environment.waivers)


def _unknown(rule: AnyRule, said: str, source: str, when: str = "") -> Piece:
    return Piece(need=Need.POLICY, name=rule.id, state=State.UNKNOWN, said=said, source=source, when=when)


def _list(said: list[str]) -> str:
    shown = "; ".join(said[:SHOWN])
    return f"{shown}; and {len(said) - SHOWN} more" if len(said) > SHOWN else shown
