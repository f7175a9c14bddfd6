"""
What the audit's newest reports say of its rules. A rule that was not asked, or whose machine did not answer, is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.audit.catalog import CHECKS
from ops.compliance.control import Need
from ops.compliance.evidence import REPORT_AGE, Evidence, Piece, State
from ops.report import Status

SHOWN = 3


def judge(name: str, evidence: Evidence) -> Piece:
    """
    What is known of a rule of the audit.
    """
    check = name.partition(".")[0]
    source = f"reports/{check}_report.json"
    report = evidence.reports.get(check)
    if report is None:
        return _unknown(name, f"no report has looked: run `flotilla audit {check} -s {evidence.settings.stack}`", source)
    when = str(report.get("timestamp", ""))
    old = evidence.age_problem(when, REPORT_AGE)
    if old:
        again = f"run `flotilla audit {check} -s {evidence.settings.stack}`"
        return _unknown(name, f"the report proves nothing now: {old}: {again}", source, when)
    return _found(name, dict((report.get("checks") or {}).get(check) or {}), source, when)


def _found(name: str, check: Mapping[str, Any], source: str, when: str) -> Piece:
    findings = check.get("findings")
    if not isinstance(findings, list):
        return _unknown(name, "the report has nothing about this check", source, when)
    unseen = [row for row in findings if row["severity"] == Status.UNKNOWN and _concerns(name, row["id"])]
    wrong = [row for row in findings if row["id"] == name and row["severity"] != Status.UNKNOWN]
    if wrong:
        is_grave = any(row["severity"] == Status.CRITICAL for row in wrong)
        return Piece(
            need=Need.CHECK,
            name=name,
            state=State.BROKEN,
            said=_list(wrong),
            source=source,
            when=when,
            is_grave=is_grave,
        )
    if unseen:
        return _unknown(name, _list(unseen), source, when)
    if not findings and not check.get("held"):
        return _unknown(name, "the report looked at nothing", source, when)
    return Piece(need=Need.CHECK, name=name, state=State.HELD, said=HOLDS[name], source=source, when=when)


def _concerns(name: str, finding: str) -> bool:
    """
    Whether what could not be looked at leaves this rule open: it itself, its machine, or the check as a whole.
    """
    return finding == name or finding not in HOLDS


def _list(rows: list[dict[str, Any]]) -> str:
    shown = "; ".join(f"{row['resource']}: {row['message']}" for row in rows[:SHOWN])
    return f"{shown}; and {len(rows) - SHOWN} more" if len(rows) > SHOWN else shown


def _unknown(name: str, said: str, source: str, when: str = "") -> Piece:
    return Piece(need=Need.CHECK, name=name, state=State.UNKNOWN, said=said, source=source, when=when)


HOLDS: Mapping[str, str] = {rule.id: rule.holds for check in CHECKS.values() for rule in check.rules}
