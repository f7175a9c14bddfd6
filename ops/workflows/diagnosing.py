"""
The steps of an incident: one look at everything, then what it says.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ops.incidents import incident
from ops.steps import Context
from ops.workflows.actions import BAD
from ops.workflows.work import Work


def start_incident(work: Work, context: Context) -> str:
    """
    Handed on as `incident`: where it is, its runbooks and notes.
    """
    worst = [row for row in context.facts.get("audit", {}).get("findings", []) if row["severity"] in BAD]
    title = work.title or (f"{worst[0]['resource']}: {worst[0]['message']}" if worst else f"Incident in {work.stack}")
    document = incident.start(work.checkout, work.stack, project=work.project, title=title)
    kept = ("id", "folder", "bundle", "post_mortem", "runbooks", "notes", "findings", "audit", "collections")
    context.facts["incident"] = {name: document[name] for name in kept}
    return f"{document['id']}, {len(document['findings'])} findings, bundle {document['bundle']}"


def resolution(_: Work, context: Context) -> str:
    """
    What to do by what was found. Nothing is done by itself: a person reads the commands first.
    """
    runbooks = context.facts["incident"]["runbooks"]
    context.facts.setdefault("next_steps", []).extend(f"{row['title']}: `{row['commands'][0]}`" for row in runbooks[:5])
    return f"runbooks: {', '.join(row['name'] for row in runbooks)}" if runbooks else "no runbook fits: read the logs"


def _collected(context: Context) -> Path:
    found = context.facts["incident"]
    return Path(found["folder"], found["collections"][-1]["folder"])


def read_logs(_: Work, context: Context) -> str:
    """
    The lines in the bundle that speak of an error, counted for each container, with the last one.
    """
    found: dict[str, Any] = {}
    for path in sorted(_collected(context).glob("*/containers/*.log")):
        lines = [line for line in path.read_text(errors="replace").splitlines() if _is_error(line)]
        if lines:
            found[path.stem] = {"lines": len(lines), "last": lines[-1][:300]}
    context.facts["errors"] = found
    return "; ".join(f"{name}: {row['lines']} lines" for name, row in found.items())[:300] or "no container speaks of an error"


def _is_error(line: str) -> bool:
    words = line.lower()
    return any(word in words for word in ("error", "exception", "traceback", "fatal", "panic", '"status": 5', "out of memory"))


def read_states(_: Work, context: Context) -> str:
    """
    Containers in the bundle that do not run well.
    """
    bad, seen = [], 0
    for path in sorted(_collected(context).glob("*/state.json")):
        docker = json.loads(path.read_text()).get("docker", {}).get("data") or {}
        for row in docker.get("containers", []):
            seen += 1
            is_job = row["status"] == "exited" and row["exit_code"] == 0
            if not is_job and (row["status"] != "running" or row["health"] == "unhealthy" or row["is_oom_killed"]):
                bad.append(
                    f"{path.parent.name}: {row['name']} is {row['status']} {row['health']} (exit code {row['exit_code']})"
                )
    context.facts["containers"] = bad
    return f"{len(bad)} of {seen} containers do not run well"


def read_connections(_: Work, context: Context) -> str:
    """
    What servers could not reach, by the bundle, and names that lead nowhere.
    """
    bad, seen = [], 0
    for path in sorted(_collected(context).glob("*/state.json")):
        for row in json.loads(path.read_text()).get("connections", {}).get("data") or []:
            seen += 1
            if not row["is_open"]:
                bad.append(f"{path.parent.name} does not reach {row['name']}:{row['port']}: {row['error']}")
    context.facts["connections"] = bad
    return f"{len(bad)} of {seen} connections do not work"
