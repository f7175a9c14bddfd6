"""
Seeing what was written since the last run: one round trip to each server, and then each project on all servers together.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from hosts.probe.program import LOGS
from hosts.probe.script import script
from ops import reports, ssh
from ops.audit.collect import COMMAND, Surroundings, answered, servers, sites
from ops.audit.scene import Host, Journal, Served

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


def since(checkout: Path, environment: str, now_s: float) -> float:
    """
    When the last report of the check `prod` was made, at most a day ago; without one, an hour ago.
    """
    try:
        last = json.loads(reports.path_of(checkout, "prod").read_text(encoding="utf-8"))
        when = datetime.fromisoformat(last["timestamp"]).timestamp()
        is_ours = last["environment"] == environment
    except (OSError, ValueError, KeyError, TypeError):
        return now_s - HOUR_S
    return max(when, now_s - DAY_S) if is_ours and when <= now_s else now_s - HOUR_S


async def see_journals(outputs: Mapping[str, Any], around: Surroundings, since_s: float) -> tuple[Journal | Served, ...]:
    """
    Every server's logs since then, and every project that is served.
    """
    hosts = servers(outputs)
    targets = [ssh.Target(name=host.name, address=host.address, host_key=host.host_key) for host in hosts]
    answers = await ssh.run_everywhere(
        targets, COMMAND, stdin=script([LOGS], since_s), private_key=around.private_key, timeout_s=around.timeout_s
    )
    found = [_journal(answered(host, answers[host.name], time.time())) for host in hosts]
    return (*found, *served(outputs, found))


def _journal(host: Host) -> Journal:
    return Journal(name=host.name, stack=host.stack, problem=host.problem, sections=host.sections)


def served(outputs: Mapping[str, Any], journals: Sequence[Journal]) -> list[Served]:
    """
    Each project with what all servers that answered say of it. One of which none said anything, while some could not be read,
    is not known.
    """
    unread = [row.name for row in journals if "data" not in row.sections.get(LOGS, {})]
    logs = {row.name: row.sections[LOGS]["data"] or {} for row in journals if "data" in row.sections.get(LOGS, {})}
    names = _names(outputs)
    found = []
    for project in sorted(outputs["projects"]):
        containers = [
            {**row, "host": host}
            for host, log in logs.items()
            for row in log.get("containers", [])
            if row["project"] == project
        ]
        asked = [
            row
            for log in logs.values()
            for seen in log.get("requests", [])
            for name, row in seen.items()
            if names.get(name) == project
        ]
        sections: dict[str, dict[str, Any]] = {"containers": {"data": containers}, "requests": {"data": _together(asked)}}
        if unread and not containers and not asked:
            why = {"error": f"no logs of it were seen, and those of {', '.join(unread)} could not be read"}
            sections = dict.fromkeys(sections, why)
        found.append(Served(name=project, sections=sections))
    return found


def _names(outputs: Mapping[str, Any]) -> dict[str, str]:
    """
    Which project answers to a name: {name: project}.
    """
    return {site.name: site.project for site in sites(outputs)}


def _together(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    steps: Counter[str] = Counter()
    for row in rows:
        steps.update(row["steps"])
    return {"count": sum(row["count"] for row in rows), "failed": sum(row["failed"] for row in rows), "steps": dict(steps)}
