"""
What checks say: findings, one status for each check and one for all, and the reports that are kept of it.

Statuses are CRITICAL > DEGRADED > WARNING > OK. What could not be looked at is UNKNOWN: never OK, and the whole is then at
least WARNING.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

SCHEMA = 1


class Status(StrEnum):
    """
    How bad it is.
    """

    CRITICAL = "CRITICAL"
    DEGRADED = "DEGRADED"
    WARNING = "WARNING"
    UNKNOWN = "UNKNOWN"
    OK = "OK"

    @property
    def rank(self) -> int:
        """
        Larger is worse. UNKNOWN weighs as much as WARNING.
        """
        return {Status.OK: 0, Status.UNKNOWN: 1, Status.WARNING: 1, Status.DEGRADED: 2, Status.CRITICAL: 3}[self]


PRIORITIES = {Status.CRITICAL: "HIGH", Status.DEGRADED: "MEDIUM", Status.WARNING: "LOW", Status.UNKNOWN: "LOW"}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """
    Something that is not as it should be, or that could not be looked at. `id` is the rule's and never changes; `message` is
    the fact, `evidence` what was seen, `fix` the command that mends it or shows more.
    """

    id: str
    severity: Status
    resource: str
    message: str
    evidence: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """
    What one check found, worst first, and how many things it looked at that are as they should be. `measures` are figures that
    were seen by the way, {resource: {what: figure}}.
    """

    name: str
    duration_s: float
    findings: tuple[Finding, ...]
    held: int
    measures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        """
        The worst of the findings.
        """
        return worst(finding.severity for finding in self.findings)

    def document(self) -> dict[str, Any]:
        """
        As reports have it.
        """
        found = [asdict(finding) for finding in self.findings]
        document = {"status": self.status, "duration_s": round(self.duration_s, 3), "held": self.held, "findings": found}
        return document | ({"measures": dict(self.measures)} if self.measures else {})


@dataclass(frozen=True, kw_only=True)
class Origin:
    """
    What a report is about: the environment, and the checkout that judged it. `deployed_revision` is None where it is not known.
    """

    environment: str
    commit: str
    branch: str
    deployed_revision: str | None = None


def worst(statuses: Iterable[Status]) -> Status:
    """
    The worst of several. One that is UNKNOWN shows through where nothing worse than a warning is known, and a warning does not
    hide behind it.
    """
    return max(statuses, key=lambda status: (status.rank, status is Status.WARNING), default=Status.OK)


def overall(statuses: Iterable[Status]) -> Status:
    """
    The one status of everything: what is UNKNOWN makes it at least WARNING.
    """
    status = worst(statuses)
    return Status.WARNING if status is Status.UNKNOWN else status


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """
    Worst first, then by resource and id: the same for the same findings.
    """
    kept = dict.fromkeys(findings)
    return tuple(
        sorted(kept, key=lambda found: (-found.severity.rank, found.severity, found.resource, found.id, found.message))
    )


def summary(checks: Iterable[CheckReport]) -> dict[str, int]:
    """
    How many findings there are of each severity, and how many things that are as they should be. What several checks find is
    one finding.
    """
    checks = list(checks)
    counted = Counter(finding.severity for finding in {finding for check in checks for finding in check.findings})
    return {
        status.lower(): sum(check.held for check in checks) if status is Status.OK else counted[status] for status in Status
    }


def document(origin: Origin, checks: Sequence[CheckReport], now: datetime | None = None) -> dict[str, Any]:
    """
    The report on these checks, of the shape that DESIGN gives: what is known, what to do, worst first.
    """
    findings = in_order(finding for check in checks for finding in check.findings)
    names = {finding: check.name for check in reversed(checks) for finding in check.findings}
    return {
        "schema": SCHEMA,
        "timestamp": (now or datetime.now(UTC)).isoformat(timespec="seconds"),
        **asdict(origin),
        "status": overall(check.status for check in checks),
        "summary": summary(checks),
        "checks": {check.name: check.document() for check in checks},
        "actions": [_action(finding, names) for finding in findings if finding.fix],
        "next_steps": next_steps(findings),
    }


def _action(finding: Finding, names: Mapping[Finding, str]) -> dict[str, Any]:
    return {
        "check": names[finding],
        "priority": PRIORITIES[finding.severity],
        "action": f"{finding.resource}: {finding.message}",
        "command": finding.fix,
        "details": finding.evidence,
    }


def next_steps(findings: Sequence[Finding]) -> list[str]:
    """
    What a person does now.
    """
    if not findings:
        return ["Nothing has to be done."]
    first = findings[0]
    steps = [f"Begin with {first.id} on {first.resource}: {first.fix or first.message}"]
    unknown = sum(finding.severity is Status.UNKNOWN for finding in findings)
    if unknown:
        steps.append(f"{unknown} could not be looked at: mend why, then run the same command again.")
    return steps
