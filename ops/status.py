"""
How a stack is right now: servers, what is served, backups, the last report, and who is changing it. Changes nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from ops import lock, shelf
from ops.audit import measures
from ops.audit.audit import Prepared
from ops.audit.collect import probe_hosts
from ops.audit.containers import is_ours, swarm
from ops.audit.hardening import running
from ops.audit.releases import JOB
from ops.audit.rule import printable
from ops.audit.scene import Host, Scene, UnseenError
from ops.errors import FlotillaError
from ops.page.records import collect as read_reports

UNKNOWN = "unknown"
Row = dict[str, Any]


def look(asked: Prepared) -> Row:
    """
    One round trip to every server, all at once. `asked` is what `ops.audit.audit.prepare` returned, once for many looks.
    """
    hosts = asyncio.run(probe_hosts(asked.outputs, asked.around))
    scene = Scene(now=time.time(), outputs=asked.outputs, wanted=asked.wanted, hosts=hosts)
    report = read_reports(asked.around.checkout, scene.stack, scene.now).report
    last = {"status": report["status"], "timestamp": report["timestamp"]} if report else None
    return {**state(scene), "report": last, "lock": _holder(asked)}


def _holder(asked: Prepared) -> Row:
    """
    Who holds the stack's lock; `problem` where that cannot be told.
    """
    try:
        found = lock.holder(shelf.of(asked.around.checkout, asked.settings.stack, asked.around.environment))
    except (FlotillaError, OSError) as error:
        return {"holder": None, "problem": " ".join(str(error).split())}
    return {"holder": {**asdict(found), "who": found.who, "is_gone": found.is_gone} if found else None, "problem": ""}


def state(scene: Scene) -> Row:
    """
    What was seen, in rows: pure.
    """
    return {
        "stack": scene.stack,
        "servers": [_server(host) for host in scene.hosts],
        "projects": list(_projects(scene)),
        "backups": list(measures.backups(scene)),
    }


def _server(host: Host) -> Row:
    row: Row = {"name": host.name, "roles": list(host.roles), "problem": host.problem}
    figures = {"memory_used_share": _memory, "load_per_core": _load, "containers": _containers}
    for name, figure in figures.items():
        row[name] = _seen(figure, host)
    disks = [disk["used_share"] for disk in measures.disks(host)]
    row["disk_used_share"] = max((share for share in disks if share is not None), default=None)
    return row


def _seen(figure: Any, host: Host) -> Any:
    """
    None where it could not be looked at.
    """
    try:
        return None if host.problem else figure(host)
    except (UnseenError, KeyError, TypeError, ZeroDivisionError):
        return None


def _memory(host: Host) -> float:
    system = host.see("system")
    return round(1.0 - float(system["memory_available_bytes"]) / float(system["memory_bytes"]), 4)


def _load(host: Host) -> float:
    system = host.see("system")
    return round(float(system["load"][0]) / float(system["cores"]), 2)


def _containers(host: Host) -> int:
    return len(list(running(host)))


def _projects(scene: Scene) -> Iterator[Row]:
    """
    One row for each program of each release that is served; what the swarm's manager does not say is None.
    """
    services = _services(scene)
    health = _health(scene)
    for name, project in sorted(scene.outputs["projects"].items()):
        for release in project["releases"]:
            for process, image in release["images"].items():
                if project["processes"][process]["kind"] == JOB:
                    continue
                key = (name, process, release["slot"])
                service = services.get(key, {"running": 0, "desired": None}) if services is not None else {}
                yield {
                    "project": name,
                    "process": process,
                    "release": image.partition("@sha256:")[2][:8] or printable(image),
                    "slot": release["slot"],
                    "weight": release["weight"],
                    "running": service.get("running"),
                    "wanted": project["processes"][process]["replicas"],
                    "health": health.get(key, UNKNOWN),
                }


def _services(scene: Scene) -> dict[tuple[str, str, str], Row] | None:
    """
    What a manager of the swarm says; None where none answered.
    """
    for host in scene.hosts:
        try:
            known = {} if host.problem else swarm(host)
        except UnseenError:
            continue
        if known.get("nodes"):
            return {_key(row["labels"]): row for row in known["services"] if is_ours(row["labels"])}
    return None


def _health(scene: Scene) -> dict[tuple[str, str, str], str]:
    """
    What the health checks of a program's containers say, the worst of them.
    """
    order = ("unhealthy", "starting", "healthy", "no check")
    found: dict[tuple[str, str, str], str] = {}
    for host in scene.hosts:
        for row in _seen(lambda host: list(running(host)), host) or ():
            if is_ours(row["labels"]):
                words = row["health"] if row["health"] in order else "no check"
                found[_key(row["labels"])] = min(words, found.get(_key(row["labels"]), words), key=order.index)
    return found


def _key(labels: Mapping[str, str]) -> tuple[str, str, str]:
    return labels["flotilla.project"], labels.get("flotilla.process", ""), labels.get("flotilla.slot", "")
