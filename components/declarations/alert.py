"""
One alert rule.

Severity `critical` wakes somebody up, `warning` waits for the morning. `runbook` names what to do about it: docs have a page of
this name each.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

DAY_S = 86_400

Severity = Literal["critical", "warning"]


@dataclass(frozen=True, kw_only=True)
class Alert:
    """
    `hold` is how long it must be so before somebody is told; `summary` may use the measure's labels. `project` is whose promise
    it is about, `window` over how long it was looked at: two rules of one name differ in one of them, because Alertmanager
    tells alerts apart by their labels only.
    """

    name: str
    expression: str
    hold: str
    severity: Severity
    summary: str
    runbook: str
    project: str | None = None
    window: str | None = None

    def rule(self) -> dict[str, Any]:
        """
        As Prometheus has it.
        """
        further = {"project": self.project, "window": self.window}
        return {
            "alert": self.name,
            "expr": self.expression,
            "for": self.hold,
            "labels": {"severity": self.severity, **{key: value for key, value in further.items() if value}},
            "annotations": {"summary": self.summary, "runbook": self.runbook},
        }


critical = partial(Alert, severity="critical")
warning = partial(Alert, severity="warning")
