"""
Check `drift`: is the world as the stack says, and is there anything in it that nobody declared?
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from ops.audit.containers import is_ours, swarm
from ops.audit.rule import Check, Fault, critical, degraded, unknown, warning
from ops.audit.scene import Cloud, Host, Scene
from ops.report import Status

CHECK = Check(name="drift", title="Everything is as the stack says")

# Kinds of Hetzner's that cost money or let somebody in: {section: word}.
KINDS = {
    "servers": "server",
    "volumes": "volume",
    "networks": "network",
    "firewalls": "firewall",
    "load_balancers": "load-balancer",
    "floating_ips": "floating-ip",
    "ssh_keys": "ssh-key",
    "primary_ips": "primary-ip",
}
# The ingress' services, see components/ingress.py.
PLATFORM = ("caddy", "haproxy")


@CHECK.rule("changed", Cloud, worst=Status.CRITICAL, holds="every resource is as the stack's state has it")
def changed(cloud: Cloud, scene: Scene) -> Iterator[Fault]:
    """
    What `pulumi refresh` would find. Something that is gone is critical.
    """
    for step in cloud.see("refresh"):
        is_gone = step["operation"] == "delete"
        properties = ", ".join(step["properties"])
        yield (critical if is_gone else degraded)(
            of=step["name"],
            message="it is not there any more"
            if is_gone
            else f"it was changed past the stack: {properties or 'its properties'}",
            evidence=f"{step['type']} {step['id']}".strip(),
            fix=f"pulumi refresh -s {scene.stack} --preview-only --diff",
        )


@CHECK.rule("role-differs", Cloud, worst=Status.DEGRADED, holds="every server is as its roles say")
def role_differs(cloud: Cloud, scene: Scene) -> Iterator[Fault]:
    """
    What `flotilla host converge` would change.
    """
    for row in cloud.see("roles"):
        fix = shlex.join(["flotilla", "host", "converge", "-s", scene.stack, row["server"]])
        for change in row["changes"]:
            yield degraded(
                of=row["server"],
                at=change["name"],
                message=f"it is not as the role {change['role']} says",
                evidence="; ".join(change["facts"]),
                fix=fix,
            )
        for item in row["unknown"]:
            yield unknown(
                of=row["server"], at=item["name"], message=f"it could not be looked at: {item['reason']}", evidence="", fix=fix
            )
        if row["error"]:
            yield unknown(of=row["server"], message=f"its roles could not be looked at: {row['error']}", evidence="", fix=fix)


@CHECK.rule("unmanaged", Cloud, worst=Status.WARNING, holds="the cloud project has nothing that no stack declares")
def unmanaged(cloud: Cloud, scene: Scene) -> Iterator[Fault]:
    """
    Without the label `managed-by=flotilla`, or with it and this environment's name, but not in the state.
    """
    environment = scene.outputs["environment"]["name"]
    known = {tuple(pair) for pair in cloud.see("state")}
    for section, kind in KINDS.items():
        for row in cloud.see(section):
            labels = row["labels"]
            is_managed = labels.get("managed-by") == "flotilla"
            if is_managed and (labels.get("environment") != environment or (section, row["id"]) in known):
                continue
            if not is_managed and ("servers", row["server_id"]) in known:
                continue  # a server's primary address comes and goes with it
            yield _unmanaged(kind, row, is_managed=is_managed)


def _unmanaged(kind: str, row: dict[str, Any], *, is_managed: bool) -> Fault:
    labels = ", ".join(f"{key}={value}" for key, value in sorted(row["labels"].items()))
    return warning(
        of=f"{kind}/{row['name']}",
        message=f"the {kind} says that it is ours, and no state knows it" if is_managed else f"nobody declared this {kind}",
        evidence=f"id {row['id']}, labels {labels or 'none'}",
        fix=shlex.join(["hcloud", kind, "describe", str(row["id"])]),
    )


@CHECK.rule("service-unmanaged", Host, worst=Status.WARNING, holds="the swarm runs nothing that no release asks for")
def service_unmanaged(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Services that are neither the ingress' nor a process of a project that is served.
    """
    declared = {(name, process) for name, project in scene.outputs["projects"].items() for process in project["processes"]}
    slots = {(name, release["slot"]) for name, project in scene.outputs["projects"].items() for release in project["releases"]}
    for service in swarm(host)["services"]:
        labels = service["labels"]
        project, process = labels.get("flotilla.project", ""), labels.get("flotilla.process", "")
        is_released = (project, process) in declared and (service["is_job"] or (project, labels.get("flotilla.slot")) in slots)
        if not is_released and service["name"] not in PLATFORM:
            yield warning(
                at=service["name"],
                message="nobody declared this service",
                evidence=service["image"],
                fix=host.command("docker", "service", "inspect", "--pretty", service["name"]),
            )


@CHECK.rule("container-unmanaged", Host, worst=Status.WARNING, holds="no container runs that nobody declared")
def container_unmanaged(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Neither of a swarm's service nor one of a project's.
    """
    for row in (host.see("docker") or {"containers": []})["containers"]:
        if "com.docker.swarm.service.id" not in row["labels"] and not is_ours(row["labels"]):
            yield warning(
                at=row["name"],
                message=f"nobody declared this container, which is {row['status']}",
                evidence=row["image"],
                fix=host.command("docker", "inspect", row["name"]),
            )


def measures(scene: Scene) -> dict[str, dict[str, float]]:
    """
    What the price of each volume and address of the cloud project depends on.
    """
    sections = ((kind, scene.cloud.sections.get(section, {}).get("data", [])) for section, kind in KINDS.items())
    return {f"{kind}/{row['name']}": row["figures"] for kind, rows in sections for row in rows if row.get("figures")}
