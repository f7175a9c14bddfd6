"""
What a busy day leaves in reports/: a fleet with something wrong of every kind, and words that would be markup.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
HOSTILE = '<script>document.title="taken"</script>"\'><img src=x onerror=alert(1)>\x1b[31m\u202e'


def moment(hours_ago: float) -> str:
    """
    A time before now, as reports write it.
    """
    return (NOW - timedelta(hours=hours_ago)).isoformat(timespec="seconds")


def finding(severity: str, resource: str, message: str, **others: str) -> dict[str, Any]:
    """
    One finding of a report.
    """
    row = {"id": "hosts.disk-full", "severity": severity, "resource": resource, "message": message, "evidence": "", "fix": ""}
    return {**row, **others}


def report(hours_ago: float, **others: Any) -> dict[str, Any]:
    """
    One run of the report. `others` are sections to have otherwise.
    """
    first = finding(
        "CRITICAL",
        "app-1:/",
        "96% of the space is used",
        evidence="1.60 of 40.00 GB free on /dev/sda1",
        fix="flotilla host ssh -s local app-1 -- du -xhd 2 --threshold=100M /",
    )
    second = finding("WARNING", "guestbook", HOSTILE, evidence=HOSTILE, fix=HOSTILE, id="prod.errors")
    third = finding("UNKNOWN", "ops-1", "it could not be looked at: no answer within 30 s", id="hosts.unreachable")
    return {
        "schema": 1,
        "timestamp": moment(hours_ago),
        "environment": "local",
        "commit": "1a2b3c4d" * 5,
        "branch": "main",
        "deployed_revision": "9f8e7d6c" * 5,
        "status": "CRITICAL",
        "summary": {"critical": 1, "degraded": 0, "warning": 1, "unknown": 1, "ok": 412},
        "checks": {
            "hosts": {"status": "CRITICAL", "duration_s": 3.2, "held": 200, "findings": [third, first]},
            "prod": {"status": "WARNING", "duration_s": 1.1, "held": 212, "findings": [second]},
        },
        "actions": [],
        "next_steps": [],
        "measures": {
            "disks": [
                {"server": "app-1", "mount": "/", "used_share": 0.96 - hours_ago / 100, "why": ""},
                {"server": "data-1", "mount": "/mnt/data", "used_share": 0.42, "why": ""},
                {"server": "ops-1", "mount": "/", "used_share": None, "why": "no answer within 30 s"},
            ],
            "responses": [
                {
                    "project": "guestbook",
                    "site": "guestbook.flotilla.test",
                    "seconds": 0.05 + hours_ago / 50,
                    "status": 200,
                    "why": "",
                },
                {"project": "ledger", "site": "ledger.flotilla.test", "seconds": None, "status": None, "why": "refused"},
            ],
            "backups": [{"project": "ledger", "source": "database:ledger", "age_s": 40_000 + hours_ago * 60, "why": ""}],
            "costs": [{"project": "guestbook", "eur_per_month": 4.21, "why": ""}],
        },
        **others,
    }


def operation(name: str, hours_ago: float, status: str = "done", **others: Any) -> dict[str, Any]:
    """
    The report of an operation.
    """
    return {
        "schema": 1,
        "id": "0a1b2c3d",
        "operation": name,
        "what": f"{name.capitalize()} guestbook 1a2b3c4d",
        "level": "standard",
        "stack": "local",
        "project": "guestbook",
        "started": moment(hours_ago),
        "duration_s": 12.5,
        "who": "alice@laptop",
        "status": status,
        "steps": [],
        "undo": [],
        "critical": [],
        "facts": {},
        "next_steps": [],
        **others,
    }


def fix(hours_ago: float) -> dict[str, Any]:
    """
    What `flotilla report --fix` did.
    """
    rows = [
        {"check": "prod", "priority": "HIGH", "action": f"Increase memory limit {HOSTILE}", "command": "", "status": "done"},
        {"check": "docs", "priority": "LOW", "action": "Write docs anew", "command": "", "status": "failed", "detail": HOSTILE},
    ]
    return {"when": moment(hours_ago), "branch": "fix/auto-20261126T100000Z", "status": "done", "fixes": rows, "next_steps": []}


def sync(hours_ago: float, outcome: str = "pushed") -> dict[str, Any]:
    """
    What `flotilla sync` notes of one remote.
    """
    return {
        "time": moment(hours_ago),
        "remote": "origin",
        "branch": "main",
        "before": "1a2b3c4d",
        "after": "9f8e7d6c",
        "outcome": outcome,
        "detail": "",
    }


def write(checkout: Path) -> None:
    """
    A day of it in a checkout's reports/.
    """
    failed = [{"name": "wait for health", "status": "failed", "detail": HOSTILE, "duration_s": 1.0}]
    files: dict[str, list[dict[str, Any]]] = {
        "global_report.json": [report(0.5)],
        "history/1.json": [report(18.5, measures={}, status="OK")],
        "history/2.json": [report(12.5)],
        "history/3.json": [report(6.5, status="WARNING")],
        "history/4.json": [report(0.5)],
        "history/5.json": [report(30)],
        "history/6.json": [report(2, environment="production")],
        "operations/1.json": [operation("deploy", 3, "failed", steps=failed)],
        "fixes/1.json": [fix(2)],
        "operations/3.json": [operation("rollback", 40)],
        "operations/4.json": [operation("apply", 1, stack="production")],
        "syncs/syncs.jsonl": [sync(5), sync(4, "conflict")],
    }
    for name, rows in files.items():
        path = checkout / "reports" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
