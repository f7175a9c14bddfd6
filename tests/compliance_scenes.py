"""
What is known of the sample fleet's production, for assessments: reports, a log, a plan, as a case wants them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ops.audit.catalog import CHECKS
from ops.compliance.evidence import Evidence
from ops.verdict.catalog import CHECKS as ALL_CHECKS
from policies.catalog import packs
from settings import Settings, load, read_stack_config

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def sample(stack: str = "production", **changes: Any) -> Settings:
    """The committed settings of a stack, with other values in its environment."""
    config = read_stack_config(ROOT, stack)
    return load(stack, ROOT, {**config, "environment": {**config["environment"], **changes}})


def report(check: str, age: timedelta, findings: list[dict[str, str]], *, held: int = 10) -> dict[str, Any]:
    """What is kept of a check: these findings, and so many things that are as they should be."""
    rows = [{"evidence": "", "fix": "", "resource": "app-1", "message": "it is not", **row} for row in findings]
    checks = {name: {"findings": rows if name == check else [], "held": held} for name in _named(check)}
    status = "WARNING" if findings else "OK"
    return {"timestamp": (NOW - age).isoformat(), "environment": "production", "status": status, "checks": checks}


def _named(check: str) -> list[str]:
    return list(ALL_CHECKS) if check == "global" else [check]


def log(days: float, *, operation: str = "apply", status: str = "done", what: str = "Apply 7 changes") -> dict[str, Any]:
    """A line of the audit log about something that ended so many days ago."""
    at = (NOW - timedelta(days=days)).isoformat()
    return {"event": "ended", "operation": operation, "status": status, "what": what, "who": "alice@laptop", "at": at}


def evidence(case: Mapping[str, Any]) -> Evidence:
    """
    `reports_days`: how old all reports are, without it there are none; `without`: checks that have none; `findings`:
    {check: findings}; `applied_days`: how long ago everything was brought out; `violations`: those of a plan, without it there
    is none; `history_problems`; `environment`: other settings.
    """
    reports = {}
    if "reports_days" in case:
        age = timedelta(days=case["reports_days"])
        names = [name for name in (*CHECKS, "global") if name not in case.get("without", ())]
        reports = {name: report(name, age, case.get("findings", {}).get(name, []), held=case.get("held", 10)) for name in names}
    return Evidence(
        settings=sample(**case.get("environment", {})),
        packs=packs(),
        now=NOW,
        reports=reports,
        history=(log(case["applied_days"]),) if "applied_days" in case else (),
        history_problems=tuple(case["history_problems"]) if "history_problems" in case else None,
        plan={"violations": case["violations"]} if "violations" in case else None,
    )
