"""
The steps of a release and of a new project: what has to be there before, the deployment itself, and whether it is well.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ops import deploying, fleet, stack
from ops.audit.audit import audit as examine
from ops.audit.catalog import chosen
from ops.errors import FlotillaError
from ops.steps import Context
from ops.workflows import actions
from ops.workflows.actions import BAD
from ops.workflows.work import Work

PAUSE_S = 5.0


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
    actions.audit(work, context, "containers", "hosts", under="docker")
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
    said = actions.audit(work, context, "security", under="security")
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
