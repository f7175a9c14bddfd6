"""
After an update: whether what changed is well, and what monitoring says.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ops import remote
from ops.errors import FlotillaError
from ops.events import Change
from ops.plan import Plan
from ops.steps import Context

CHECKS: Final = ("hosts", "containers")
BAD: Final = ("CRITICAL", "DEGRADED")
SHOWN: Final = 5
PROMETHEUS_ALERTS: Final = ("curl", "-fsS", "-m", "10", "http://127.0.0.1:9090/api/v1/alerts")


def changed(checkout: Path, plan: Plan, context: Context) -> str:
    """
    Look at hosts and containers as the audit does, and ask the alerts that fire now.

    Raises: FlotillaError where something is not well, or nobody could say.
    """
    from ops.audit.audit import audit
    from ops.audit.catalog import chosen

    report = audit(checkout, plan.stack, chosen(list(CHECKS)))
    found = [row for check in report["checks"].values() for row in check["findings"] if row["severity"] in BAD]
    context.facts["findings"] = [f"{row['severity']} {row['id']} {row['resource']}: {row['message']}" for row in found]
    firing = alerts(checkout, plan.stack)
    context.facts["alerts"] = firing
    words = [f"{row['resource']}: {row['message']}" for row in found[:SHOWN]] + [f"alert {name}" for name in firing[:SHOWN]]
    if words:
        raise FlotillaError(
            f"{plan.stack}: not all is well: {'; '.join(words)}. The update itself is done. "
            f"See `flotilla audit -s {plan.stack}`."
        )
    stopped = sum(row.change is Change.DELETE for row in plan.changes)
    return f"hosts and containers are as they should be, no alert fires; {len(plan.changes) - stopped} changes are in place"


def alerts(checkout: Path, stack: str) -> list[str]:
    """
    The names of alerts that fire, with what they are about; none where nothing is watched.

    Raises: FlotillaError where monitoring is there and does not answer.
    """
    from ops import hosts

    watchers = [target for target in hosts.targets(checkout, stack) if "monitoring" in target.declaration["roles"]]
    if not watchers:
        return []
    with remote.connected(watchers[0]) as connection:
        done = connection.run(PROMETHEUS_ALERTS)
    try:
        return firing_in(json.loads(done.stdout))
    except (ValueError, KeyError):
        raise FlotillaError(f"{connection.name}: Prometheus does not answer. See `flotilla audit hosts -s {stack}`.") from None


def firing_in(answer: Mapping[str, Any]) -> list[str]:
    """
    Those of Prometheus' answer that fire. The one that always does, to show that alerts arrive, is no trouble.
    """
    rows = [row["labels"] for row in answer["data"]["alerts"] if row["state"] == "firing"]
    return sorted(
        {
            f"{row['alertname']} ({row.get('instance') or row.get('project') or 'the environment'})"
            for row in rows
            if row.get("severity") not in ("none", "info") and row["alertname"] != "Watchdog"
        }
    )
