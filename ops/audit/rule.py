"""
A rule: its name for ever, what it holds things to, and a pure function that says where they are not so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ops.audit.scene import Machine, Scene, Subject, UnseenError
from ops.report import Finding, Status


@dataclass(frozen=True, kw_only=True)
class Fault:
    """
    Where something is not as the rule says. `at` names the part of the subject that it is about; `of` names what it is about
    where that is not the subject.
    """

    severity: Status
    message: str
    evidence: str
    fix: str
    at: str = ""
    of: str = ""


critical = partial(Fault, severity=Status.CRITICAL)
degraded = partial(Fault, severity=Status.DEGRADED)
warning = partial(Fault, severity=Status.WARNING)
unknown = partial(Fault, severity=Status.UNKNOWN)

Judge = Callable[[Any, Scene], Iterable[Fault]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """
    `holds` says what is so when all is well, `worst` how bad it gets, `subject` what kind of things it looks at.
    """

    id: str
    holds: str
    worst: Status
    subject: type[Subject]
    judge: Judge


@dataclass(frozen=True, kw_only=True)
class Check:
    """
    Rules that are run and reported together, in the order in which they are written down. `title` is for documents.
    """

    name: str
    title: str
    rules: list[Rule] = field(default_factory=list)

    def rule(self, name: str, subject: type[Subject], *, worst: Status, holds: str) -> Callable[[Judge], Judge]:
        """
        Add a function as a rule.
        """

        def add(judge: Judge) -> Judge:
            self.rules.append(Rule(id=f"{self.name}.{name}", holds=holds, worst=worst, subject=subject, judge=judge))
            return judge

        return add

    @property
    def unreachable(self) -> str:
        """
        The id of what is said of a host that did not answer.
        """
        return f"{self.name}.unreachable"


def run(check: Check, scene: Scene) -> tuple[list[Finding], int]:
    """
    Everything that a check finds, and how often a rule found nothing to say.
    """
    findings, held = list(_unreached(check, scene)), 0
    for rule in check.rules:
        for subject in scene.subjects(rule.subject):
            found = list(_judged(rule, subject, scene))
            findings += found
            held += not found
    return findings, held


def _judged(rule: Rule, subject: Subject, scene: Scene) -> Iterator[Finding]:
    try:
        for fault in rule.judge(subject, scene):
            yield _finding(rule.id, subject, fault)
    except UnseenError as error:
        yield _finding(rule.id, subject, _unseen(subject, f"it could not be looked at: {error}"))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        said = f"what it answered has another shape than expected ({type(error).__name__}: {error})"
        yield _finding(rule.id, subject, _unseen(subject, said))


def _unseen(subject: Subject, message: str) -> Fault:
    return unknown(message=message, evidence="", fix=subject.command("true") if isinstance(subject, Machine) else "")


def _finding(identity: str, subject: Subject, fault: Fault) -> Finding:
    name = fault.of or subject.name
    return Finding(
        id=identity,
        severity=fault.severity,
        resource=printable(f"{name}:{fault.at}" if fault.at else name),
        message=printable(fault.message),
        evidence=printable(fault.evidence),
        fix=printable(fault.fix),
    )


def _unreached(check: Check, scene: Scene) -> Iterator[Finding]:
    """
    One finding for each host that a check would have looked at and could not.
    """
    for machine in scene.unseen({rule.subject for rule in check.rules}):
        said = f"it could not be looked at: {machine.problem}"
        yield _finding(check.unreachable, machine, unknown(message=said, evidence="", fix=machine.command("true")))


def printable(text: str) -> str:
    """
    One line without control characters: what a host says must not reach anybody's terminal as commands to it.
    """
    return "".join(character if character.isprintable() else " " for character in text)
