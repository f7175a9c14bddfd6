"""
The steps that workflows are made of: each calls what the command of the same name calls.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ops import backup, deploying, fleet, reports, stack
from ops.audit.audit import audit as examine
from ops.audit.catalog import chosen
from ops.cleanup import cleanup
from ops.errors import FlotillaError
from ops.incidents import incident
from ops.steps import Context
from ops.workflows.work import Work

BAD = frozenset({"CRITICAL", "DEGRADED"})
PAUSE_S = 5.0
ALERTS = "import sys,urllib.request;sys.stdout.write(urllib.request.urlopen('http://127.0.0.1:9090/api/v1/{}',timeout=10).read().decode())"


def audit(work: Work, context: Context, *checks: str, under: str = "audit") -> str:
    """
    What is wrong: handed on as `{status, findings, summary}`.
    """
    report = examine(work.checkout, work.stack, chosen(list(checks)))
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
    Raises: FlotillaError with what could not be backed up.
    """
    answer = backup.ask(backup.fleet(work.checkout, work.stack), ["run", "--full"])
    context.facts["backup"] = {"made": answer.get("made", []), "findings": answer["findings"]}
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


def deploy(work: Work, context: Context) -> str:
    """
    As `flotilla deploy`: confirmed, locked and undone by itself where it fails.
    """
    asked = {str(work.project): dict(work.images)}
    report = deploying.deploy(work.checkout, work.stack, asked, work.approval, lock_wait_s=work.lock_wait_s)
    context.facts["deploy"] = {"report": report["report"], "status": report["status"]}
    return f"{report['what']}: {report['status']}"


def rollback(work: Work, context: Context) -> str:
    """
    As `flotilla rollback`: the release before serves again.
    """
    report = deploying.rollback(work.checkout, work.stack, str(work.project), 1, work.approval, lock_wait_s=work.lock_wait_s)
    context.facts["rollback"] = {"report": report["report"], "status": report["status"]}
    return f"{report['what']}: {report['status']}"


def watch(work: Work, context: Context) -> str:
    """
    Look at the project's sites and containers again and again for a while.

    Raises: FlotillaError where one of them is not well.
    """
    deadline, looks = time.monotonic() + work.watch_s, 0
    while True:
        bad = _bad(work, str(work.project))
        looks += 1
        if bad:
            context.critical.extend(bad)
            raise FlotillaError(f"{work.project}: {'; '.join(bad[:3])}. It was served for a moment only.")
        if time.monotonic() >= deadline:
            return f"well in {looks} looks over {work.watch_s:g} s"
        time.sleep(PAUSE_S)


def _bad(work: Work, project: str) -> list[str]:
    report = examine(work.checkout, work.stack, chosen(["network", "containers"]))
    outputs = stack.outputs(work.checkout, work.stack, stack.environment(work.checkout))
    names = _names(outputs, project)
    rows = [row for check in report["checks"].values() for row in check["findings"] if row["severity"] in BAD]
    return [f"{row['resource']}: {row['message']}" for row in rows if is_of(row["resource"], project, names)]


def _names(outputs: Mapping[str, Any], project: str) -> set[str]:
    urls = [
        url for process in outputs["projects"].get(project, {"processes": {}})["processes"].values() for url in process["urls"]
    ]
    return {url.partition("://")[2].partition("/")[0] for url in urls}


def is_of(resource: str, project: str, names: set[str]) -> bool:
    """
    Whether a finding is about a project: one of its names, its services or itself.
    """
    thing = resource.partition(":")[2] or resource
    return (
        thing.partition("/")[0] in {project, *names} or resource.partition(":")[0] in names or thing.startswith(f"{project}-")
    )


def room(work: Work, context: Context) -> str:
    """
    Whether containers can run: the swarm is there, and its servers are well.

    Raises: FlotillaError
    """
    audit(work, context, "containers", "hosts", under="docker")
    found = [row for row in context.facts["docker"]["findings"] if row["severity"] == "CRITICAL"]
    if found:
        raise FlotillaError(
            f"{found[0]['resource']}: {found[0]['message']}. A new project has no place to run. {found[0]['fix']}."
        )
    return "the swarm is there"


def way_in(work: Work, context: Context) -> str:
    """
    Whether its names lie in the environment's zones, and there is a way in.

    Raises: FlotillaError
    """
    known = fleet.of(work.checkout, work.stack)
    project = known.settings.projects.get(str(work.project))
    if project is None:
        raise FlotillaError(f"{work.project}: it has no file in projects/ for {work.stack}. Run `flotilla project new`.")
    hosts = [host for process in project.all_processes().values() for host in known.settings.hostnames(process)]
    if hosts and not known.outputs.get("entry"):
        raise FlotillaError(
            f"{work.stack}: there is no way in. Give a pool the role `ingress`, then `pulumi up -s {work.stack}`."
        )
    outside = [host for host in hosts if known.settings.environment.zone_of(host) is None]
    if outside:
        raise FlotillaError(f"{', '.join(outside)}: no zone of {work.stack} has it. Add it to `zones`.")
    context.facts["names"] = hosts
    return f"{', '.join(hosts) or 'no names'}: served at {(known.outputs.get('entry') or {}).get('ipv4', 'nothing')}"


def security(work: Work, context: Context) -> str:
    """
    Nothing new on servers that somebody may get into.

    Raises: FlotillaError
    """
    said = audit(work, context, "security", under="security")
    if context.facts["security"]["status"] == "CRITICAL":
        raise FlotillaError(f"security: {said}. Mend what is critical first: `flotilla audit security -s {work.stack}`.")
    return said


def backups(work: Work, context: Context) -> str:
    """
    Whether what it keeps is backed up.

    Raises: FlotillaError where it is not.
    """
    outputs = stack.outputs(work.checkout, work.stack, stack.environment(work.checkout))
    row = outputs["projects"].get(str(work.project), {})
    data: Sequence[str] = [*([row["database"]["name"]] if row.get("database") else []), *row.get("volumes", [])]
    covers = (row.get("backup") or {}).get("covers", [])
    context.facts["backups"] = {"covers": covers, "schedule": (row.get("backup") or {}).get("schedule")}
    if data and not covers:
        raise FlotillaError(f"{work.project}: {', '.join(data)} is not backed up. Give the environment a `backup` policy.")
    return f"{', '.join(covers)} at {row['backup']['schedule']}" if covers else "it keeps nothing"
