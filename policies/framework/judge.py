"""
From rules and resources to verdicts: which findings stand at which level, and which are waived. Pure; no Pulumi in here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from policies.framework.resource import Resource, Stack
from policies.framework.rule import Finding, Level, Metadata, Options, Pack, Rule, StackRule
from policies.framework.waivers import Waiver

EXPIRED = Metadata(
    id="waiver-expired",
    description="A waiver holds until its end date, and is then decided on again.",
    level=Level.MANDATORY,
    types=(),
    remediation="Mend what it excuses and delete it from `waivers` in Pulumi.<stack>.yaml, or let its owner set a new date.",
)
UNUSED = Metadata(
    id="waiver-unused",
    description="A waiver excuses something that is there.",
    level=Level.ADVISORY,
    types=(),
    remediation="Delete it from `waivers` in Pulumi.<stack>.yaml.",
)
WAIVER_RULES = (EXPIRED, UNUSED)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """
    What is reported: a finding at the level it has here. `urn` is empty where it is said of the stack.
    """

    rule: Metadata
    level: Level
    message: str
    urn: str = ""


@dataclass(kw_only=True)
class Judge:
    """
    Judges one stack, once. `levels` and `options` are what the pack's configuration says, by the rule's id; `is_strange` tells
    whether no pack has a rule with this id.
    """

    pack: Pack
    today: date
    waivers: tuple[Waiver, ...] = ()
    levels: Mapping[str, Level] = field(default_factory=dict)
    options: Mapping[str, Options] = field(default_factory=dict)
    is_strange: Callable[[str], bool] = lambda _: False
    _used: set[Waiver] = field(default_factory=set)

    def __post_init__(self) -> None:
        ids = {rule.id for rule in self.pack.rules}
        self._own = [waiver for waiver in self.waivers if waiver.rule in ids]

    def level(self, rule: Metadata) -> Level:
        """
        What follows from a finding of this rule here.
        """
        return self.levels.get(rule.id, rule.level)

    def check(self, rule: Rule, resource: Resource) -> list[Verdict]:
        """
        What the rule finds at a resource; what a waiver excuses is told as a note.
        """
        if self.level(rule) is Level.DISABLED:
            return []
        found = rule.check(resource, self._options(rule))
        return [self._verdict(rule, Finding(message=message, resource=resource)) for message in found]

    def check_stack(self, rule: StackRule, stack: Stack) -> list[Verdict]:
        """
        What the rule finds in the stack.
        """
        if self.level(rule) is Level.DISABLED:
            return []
        return [self._verdict(rule, finding) for finding in rule.check(stack, self._options(rule))]

    def fix(self, rule: Rule, resource: Resource) -> Mapping[str, Any]:
        """
        The properties that the rule sets, {name: value}; none where it may not, or where a waiver excuses what it would mend.
        """
        if rule.fix is None or self.level(rule) is not Level.REMEDIATE or self._excuse(rule, resource.name):
            return {}
        return rule.fix(resource, self._options(rule))

    def check_waivers(self) -> list[Verdict]:
        """
        What is wrong with the waivers themselves; complete once everything else was judged.
        """
        found = [*self._expired(), *self._unused()]
        return [verdict for verdict in found if verdict.level is not Level.DISABLED]

    def _expired(self) -> Iterator[Verdict]:
        for waiver in self._own:
            why = waiver.why_not(self.today)
            if why:
                yield self._of_waiver(EXPIRED, waiver, f"{why}, so it excuses nothing (owner: {waiver.owner or 'nobody'})")

    def _unused(self) -> Iterator[Verdict]:
        for waiver in self.waivers:
            if waiver in self._own and waiver not in self._used and not waiver.why_not(self.today):
                yield self._of_waiver(UNUSED, waiver, "there is nothing that it excuses")
            elif waiver not in self._own and self.pack.reports_strange_waivers and self.is_strange(waiver.rule):
                yield self._of_waiver(UNUSED, waiver, "no rule has this id")

    def _of_waiver(self, rule: Metadata, waiver: Waiver, fact: str) -> Verdict:
        message = f"waiver of {waiver.rule} for {waiver.resource or 'nothing'}: {fact}. {rule.remediation}"
        return Verdict(rule=rule, level=self.level(rule), message=message)

    def _options(self, rule: Metadata) -> Options:
        return {**rule.defaults(), **self.options.get(rule.id, {})}

    def _excuse(self, rule: Metadata, resource_name: str) -> Waiver | None:
        covering: Iterable[Waiver] = (waiver for waiver in self._own if waiver.covers(rule.id, resource_name))
        return next((waiver for waiver in covering if not waiver.why_not(self.today)), None)

    def _verdict(self, rule: Metadata, finding: Finding) -> Verdict:
        name = finding.resource.name if finding.resource else "stack"
        urn = finding.resource.urn if finding.resource else ""
        waiver = self._excuse(rule, name)
        if waiver:
            self._used.add(waiver)
            why = f"waived by {waiver.owner} until {waiver.until}: {waiver.reason}"
            return Verdict(rule=rule, level=Level.ADVISORY, message=f"{name}: {finding.message} ({why}).", urn=urn)
        level = self.level(rule)
        if level is Level.REMEDIATE:  # what is still wrong after the remedy; Pulumi calls that mandatory too
            level = Level.MANDATORY
        return Verdict(rule=rule, level=level, message=f"{name}: {finding.message}. {rule.remediation}", urn=urn)
