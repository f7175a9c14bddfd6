"""
The steps that workflows are made of: each calls what the command of the same name calls.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ops import backup, fleet, lock, reports, stack, weekly
from ops.audit.audit import audit as examine
from ops.audit.catalog import chosen
from ops.cleanup import cleanup
from ops.errors import FlotillaError
from ops.steps import Context
from ops.workflows.work import Work

BAD = frozenset({"CRITICAL", "DEGRADED"})
VERDICT_TIMEOUT_S = 300.0
ALERTS = "import sys,urllib.request;sys.stdout.write(urllib.request.urlopen('http://127.0.0.1:9090/api/v1/{}',timeout=10).read().decode())"


def audit(work: Work, context: Context, *checks: str, under: str = "audit") -> str:
    """
    What is wrong: handed on as `{status, findings, summary}`.
    """
    return _noted(examine(work.checkout, work.stack, chosen(list(checks))), context, under)


def verdict(work: Work, context: Context) -> str:
    """
    As `flotilla report`: the audit, and documents, integrity and production's logs beside; handed on as `audit`.
    """
    from ops.verdict import catalog
    from ops.verdict.verdict import verdict as judged

    return _noted(judged(work.checkout, work.stack, catalog.chosen([]), VERDICT_TIMEOUT_S), context, "audit")


def week(work: Work, context: Context) -> str:
    """
    What was run, found, done and pushed in the last seven days, by the reports that are kept.
    """
    found = weekly.of(work.checkout, work.stack)
    context.facts["week"] = {**found, "lines": weekly.lines(found)}
    return f"{found['runs']} runs of the report, {len(found['opened'])} new findings, {len(found['closed'])} gone"


def _noted(report: Mapping[str, Any], context: Context, under: str) -> str:
    rows = [row for check in report["checks"].values() for row in check["findings"]]
    context.facts[under] = {"status": report["status"], "summary": report["summary"], "findings": rows}
    context.critical.extend(f"{row['resource']}: {row['message']}" for row in rows if row["severity"] == "CRITICAL")
    context.facts.setdefault("actions", []).extend(report["actions"][:20])
    return f"{report['status']}, {len(rows)} findings"


def has_problem(context: Context) -> bool:
    """
    Whether the audit before found something that does not wait. One that failed is a problem, too.
    """
    found = context.facts.get("audit")
    return found is None or found["status"] in BAD


def is_fine(context: Context) -> bool:
    """
    Whether it did not.
    """
    return not has_problem(context)


def monitoring(work: Work, context: Context) -> str:
    """
    Prometheus' own word: which alerts are on, and who does not answer it.

    Raises: FlotillaError where an alert is critical, or nothing watches.
    """
    known = fleet.of(work.checkout, work.stack)
    server = next((name for name, row in sorted(known.outputs["servers"].items()) if "monitoring" in row["roles"]), None)
    if server is None:
        raise FlotillaError(f"{work.stack}: no server has the role `monitoring`. Nothing watches. Give it to a pool.")
    asked = [json.loads(known.run(server, "python3", "-c", ALERTS.format(path)))["data"] for path in ("alerts", "targets")]
    firing = [row for row in asked[0]["alerts"] if row["state"] == "firing"]
    down = [row["labels"].get("instance", "") for row in asked[1]["activeTargets"] if row["health"] == "down"]
    context.facts["monitoring"] = {
        "firing": [{"alert": row["labels"]["alertname"], "what": row["annotations"].get("summary", "")} for row in firing],
        "down": down,
        "targets": len(asked[1]["activeTargets"]),
    }
    critical = [row["labels"]["alertname"] for row in firing if row["labels"].get("severity") == "critical"]
    if critical:
        raise FlotillaError(f"monitoring: {', '.join(sorted(set(critical)))}: critical. Start with `flotilla incident start`.")
    return f"{len(firing)} alerts, {len(down)} of {len(asked[1]['activeTargets'])} targets down"


def full_backup(work: Work, context: Context) -> str:
    """
    As `flotilla backup run --full`: locked and kept in the history by itself.

    Raises: FlotillaError with what could not be backed up.
    """
    asked = backup.Asked(command="run", flags={"full": True})
    wait_s = max(work.lock_wait_s, lock.BACKUP_WAIT_S)
    answer = backup.change(work.checkout, backup.fleet(work.checkout, work.stack), asked, work.approval, lock_wait_s=wait_s)
    context.facts["backup"] = {"made": answer.get("made", []), "findings": answer["findings"], "report": answer["report"]}
    if answer["findings"]:
        told = "; ".join(f"{row['resource']}: {row['fact']}" for row in answer["findings"][:5])
        raise FlotillaError(f"backup: {told}. See `flotilla backup list -s {work.stack}`.")
    return f"{len(answer.get('made', []))} made"


def look_for_cleanup(work: Work, context: Context) -> str:
    """
    What could go; nothing is removed.
    """
    survey = cleanup.look(work.checkout, work.stack, with_volumes=False)
    rows = {found.server: found.size_bytes for found in (*survey.plans, survey.reports)}
    context.facts["cleanup"] = {"bytes": rows, "silent": list(survey.silent)}
    if survey.size_bytes:
        context.facts.setdefault("next_steps", []).append(
            f"Up to {cleanup.size(survey.size_bytes)} can be won: `flotilla cleanup -s {work.stack} --apply`"
        )
    return f"up to {cleanup.size(survey.size_bytes)} to be won"


def inventory(work: Work, context: Context) -> str:
    """
    What there is, from the stack's outputs: kept as reports/inventory_report.json.
    """
    outputs = stack.outputs(work.checkout, work.stack, stack.environment(work.checkout))
    document = {
        "environment": outputs["environment"],
        "servers": {name: {key: row.get(key) for key in SERVER} for name, row in outputs["servers"].items()},
        "projects": {name: _project(row) for name, row in outputs["projects"].items()},
        "unserved": list(outputs.get("unserved", [])),
    }
    path = reports.write(work.checkout, "inventory", document)
    counted = {"servers": len(document["servers"]), "projects": len(document["projects"])}
    context.facts["inventory"] = {"path": str(path), **counted}
    return f"{counted['servers']} servers, {counted['projects']} projects in {path}"


SERVER = ("ipv4", "private_ip", "type", "location", "pool", "roles", "volume_gb")


def _project(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "owner": row["owner"],
        "urls": [url for process in row["processes"].values() for url in process["urls"]],
        "releases": row["releases"],
        "database": (row.get("database") or {}).get("name"),
        "volumes": row["volumes"],
        "backup": (row.get("backup") or {}).get("covers", []),
    }
