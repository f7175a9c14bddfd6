"""
Check `containers`: does everything run that should, as it should?
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from ops.audit.hardening import running
from ops.audit.rule import Check, Fault, critical, degraded, warning
from ops.audit.scene import Fleet, Host, Scene, UnseenError
from ops.report import Status

CHECK = Check(name="containers", title="Everything runs that should")

SWARM_ROLES = frozenset({"app", "ingress"})
HOUR_S, DAY_S = 3600, 86_400
FAILURES_WARNING, FAILURES_DEGRADED = 2, 5
OURS = "flotilla."


def is_ours(labels: dict[str, str]) -> bool:
    """
    Whether a container is one of a project's.
    """
    return f"{OURS}project" in labels


def seconds(text: str) -> float:
    """
    Docker's time, as seconds since 1970.
    """
    return datetime.fromisoformat(text[:19] + "+00:00").timestamp()


@CHECK.rule("docker-missing", Host, worst=Status.CRITICAL, holds="Docker runs where containers are to run")
def docker_missing(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    On servers with the roles `app` and `ingress`.
    """
    if SWARM_ROLES & set(host.roles) and host.see("docker") is None:
        yield critical(
            message="Docker is not there",
            evidence="/var/run/docker.sock: not there",
            fix=host.command("systemctl", "status", "--no-pager", "docker"),
        )


@CHECK.rule("swarm-missing", Fleet, worst=Status.CRITICAL, holds="one server answers for the whole swarm")
def swarm_missing(fleet: Fleet, scene: Scene) -> Iterator[Fault]:
    """
    Without its manager nothing can be said of services, and nothing be deployed.
    """
    members = [host for host in scene.hosts if SWARM_ROLES & set(host.roles)]
    seen = [(host.see("docker") or {}).get("swarm") for host in members if not host.problem]
    if members and not any(seen):
        if len(seen) < len(members):
            raise UnseenError("no server that answered is the swarm's manager")
        yield critical(
            message="no server is the swarm's manager",
            evidence=", ".join(host.name for host in members),
            fix=f"pulumi up -s {scene.stack}",
        )


def swarm(host: Host) -> dict[str, list[Any]]:
    """
    What a manager knows; nothing on another server.
    """
    docker = host.see("docker") or {}
    return docker.get("swarm") or {"nodes": [], "services": [], "failed_tasks": []}


@CHECK.rule("node-down", Host, worst=Status.DEGRADED, holds="every server of the swarm is ready for containers")
def node_down(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Neither down nor drained.
    """
    for node in swarm(host)["nodes"]:
        if node["state"] != "ready" or node["availability"] != "active":
            make = degraded if node["state"] != "ready" else warning
            yield make(
                of=node["name"],
                message="the swarm gives it no containers",
                evidence=f"state {node['state']}, availability {node['availability']}",
                fix=host.command("docker", "node", "update", "--availability", "active", node["name"]),
            )


@CHECK.rule("service-short", Host, worst=Status.CRITICAL, holds="every service has all of its containers")
def service_short(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Critical when none of them runs.
    """
    for service in swarm(host)["services"]:
        if not service["is_job"] and service["running"] < service["desired"]:
            make = degraded if service["running"] else critical
            yield make(
                at=service["name"],
                message=f"{service['running']} of {service['desired']} containers run",
                evidence=service["image"],
                fix=host.command("docker", "service", "ps", "--no-trunc", service["name"]),
            )


@CHECK.rule("restarting", Host, worst=Status.DEGRADED, holds="no container starts again and again")
def restarting(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Two failures of a service within an hour, or Docker says so of a container.
    """
    recent = [task for task in swarm(host)["failed_tasks"] if scene.now - seconds(task["time"]) < HOUR_S]
    for name, count in sorted(Counter(task["service"] for task in recent).items()):
        if count >= FAILURES_WARNING:
            make = degraded if count >= FAILURES_DEGRADED else warning
            last = max((task for task in recent if task["service"] == name), key=lambda task: str(task["time"]))
            yield make(
                at=name,
                message=f"its containers failed {count} times within an hour",
                evidence=last["error"] or "no reason given",
                fix=host.command("docker", "service", "logs", "--tail", "50", name),
            )
    for row in running(host):
        if row["status"] == "restarting":
            yield degraded(
                at=row["name"],
                message=f"it has been restarted {row['restarts']} times and is not up",
                evidence=f"exit code {row['exit_code']}",
                fix=host.command("docker", "logs", "--tail", "50", row["name"]),
            )


@CHECK.rule("stopped", Host, worst=Status.DEGRADED, holds="no container that is ours stands still")
def stopped(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Those of a swarm's services are the service's business: it starts others.
    """
    docker = host.see("docker") or {"containers": []}
    for row in docker["containers"]:
        is_service = "com.docker.swarm.service.id" in row["labels"]
        if is_ours(row["labels"]) and not is_service and row["status"] in ("exited", "dead", "created", "paused"):
            yield degraded(
                at=row["name"],
                message=f"the container is {row['status']}",
                evidence=f"exit code {row['exit_code']}, {row['image']}",
                fix=host.command("docker", "start", row["name"]),
            )


@CHECK.rule("unhealthy", Host, worst=Status.DEGRADED, holds="every container's own health check is content")
def unhealthy(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    It runs, and says itself that it does not work.
    """
    for row in running(host):
        if row["health"] == "unhealthy":
            yield degraded(
                at=row["name"],
                message="its health check fails",
                evidence=row["image"],
                fix=host.command("docker", "inspect", "--format", "{{json .State.Health}}", row["name"]),
            )


@CHECK.rule("out-of-memory", Host, worst=Status.WARNING, holds="no container was stopped at its memory limit within a day")
def out_of_memory(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    By the kernel, as Docker remembers it.
    """
    docker = host.see("docker") or {"containers": []}
    for row in docker["containers"]:
        if row["is_oom_killed"] and (row["status"] == "running" or scene.now - seconds(row["finished"]) < DAY_S):
            yield warning(
                at=row["name"],
                message="it reached its memory limit and was killed",
                evidence=f"limit {row['memory_bytes'] // 1024**2} MiB",
                fix=host.command("docker", "logs", "--tail", "50", row["name"]),
            )


@CHECK.rule("unlimited", Host, worst=Status.WARNING, holds="every container has a limit of memory and of processors")
def unlimited(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    One without takes from all others.
    """
    for row in running(host):
        lacking = [name for name, limit in (("memory", row["memory_bytes"]), ("processors", row["nano_cpus"])) if not limit]
        if lacking:
            yield warning(
                at=row["name"],
                message=f"it has no limit of {' and '.join(lacking)}",
                evidence=row["image"],
                fix=host.command("docker", "inspect", "--format", "{{json .HostConfig}}", row["name"]),
            )


@CHECK.rule("image-unpinned", Host, worst=Status.WARNING, holds="every image is named by its digest")
def image_unpinned(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    A tag may be another image tomorrow.
    """
    for row in running(host):
        if "@sha256:" not in row["image"]:
            yield warning(
                at=row["name"],
                message="its image is not named by its digest",
                evidence=row["image"],
                fix=host.command("docker", "inspect", "--format", "{{.Image}}", row["name"]),
            )
