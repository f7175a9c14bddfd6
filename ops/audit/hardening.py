"""
Check `security`: the Docker daemon, and containers that could become the server.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ops.audit.rule import Fault, critical, degraded, warning
from ops.audit.scene import Host, Scene
from ops.audit.security import CHECK
from ops.report import Status

DOCKER_PORTS = (2375, 2376)
# What the ingress needs to have ports below 1024, and nothing else.
CAPABILITIES = frozenset({"NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE"})
SOCKETS = ("docker.sock", "containerd.sock")
# Folders of the server that make whoever may write into them its master. Source: policies/security/rules/mounts.py.
SENSITIVE = (
    "/",
    "/etc",
    "/root",
    "/home",
    "/boot",
    "/dev",
    "/proc",
    "/sys",
    "/usr",
    "/var",
    "/var/lib/docker",
    "/run",
    "/var/run",
)


def running(host: Host) -> list[dict[str, Any]]:
    """
    The containers that run; none where Docker is not installed.
    """
    docker = host.see("docker")
    return [row for row in docker["containers"] if row["status"] in ("running", "restarting")] if docker else []


def _show(host: Host, name: str) -> str:
    return host.command("docker", "inspect", name)


@CHECK.rule(
    "docker-exposed",
    Host,
    worst=Status.CRITICAL,
    holds="Docker listens on its own socket only, which root and its group may use",
)
def docker_exposed(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Whoever reaches the daemon is root on the server. The swarm's own ports are protected by certificates.
    """
    docker = host.see("docker")
    if not docker:
        return
    for row in host.see("listening"):
        if row["port"] in DOCKER_PORTS and row["program"] == "dockerd":
            yield critical(
                at=f"tcp/{row['port']}",
                message="the Docker daemon can be reached by network",
                evidence=f"dockerd on {row['address']}:{row['port']}",
                fix=host.command("grep", "-rn", "tcp://", "/etc/docker", "/etc/systemd/system", "/etc/default/docker"),
            )
    socket = docker["daemon"]["socket"]
    if int(socket["mode"], 8) & 0o007 or socket["uid"] != 0:
        yield critical(
            at="docker.sock",
            message="everybody on the server may use Docker's socket",
            evidence=f"mode {socket['mode']}, owner {socket['uid']}",
            fix=host.command("chmod", "0660", "/run/docker.sock"),
        )


@CHECK.rule("docker-insecure-registry", Host, worst=Status.DEGRADED, holds="Docker trusts no registry without TLS")
def docker_insecure_registry(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    This server's own loopback excepted.
    """
    docker = host.see("docker")
    for registry in docker["daemon"]["insecure_registries"] if docker else []:
        if not registry.startswith(("127.", "::1")):
            yield degraded(
                at=registry,
                message="Docker takes images from a registry without checking whose it is",
                evidence=f"insecure registry {registry}",
                fix=host.command("grep", "-n", "insecure-registries", "/etc/docker/daemon.json"),
            )


@CHECK.rule("container-escapes", Host, worst=Status.CRITICAL, holds="no container could take over its server")
def container_escapes(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    Privileged, with Docker's socket, with the server's processes, or writing into its system folders.
    """
    for row in running(host):
        for reason in _ways_out(row):
            yield critical(
                at=row["name"],
                message=f"the container could take over the server: {reason}",
                evidence=row["image"],
                fix=_show(host, row["name"]),
            )


def _ways_out(row: dict[str, Any]) -> Iterator[str]:
    if row["is_privileged"]:
        yield "it is privileged"
    if row["namespaces"]["pid"] == "host":
        yield "it sees the server's processes"
    for mount in row["mounts"]:
        if mount["source"].endswith(SOCKETS):
            yield f"it has {mount['source']}"
        elif mount["kind"] == "bind" and mount["is_writable"] and mount["source"].rstrip("/") in (*SENSITIVE[1:], ""):
            yield f"it may write into {mount['source']}"


@CHECK.rule(
    "container-soft",
    Host,
    worst=Status.WARNING,
    holds="containers have no root, no capabilities and nothing writable of their image",
)
def container_soft(host: Host, scene: Scene) -> Iterator[Fault]:
    """
    As components/service.py makes them.
    """
    for row in running(host):
        reasons = list(_softness(row))
        if reasons:
            yield warning(
                at=row["name"],
                message=f"the container is softer than ours are: {'; '.join(reasons)}",
                evidence=row["image"],
                fix=_show(host, row["name"]),
            )


def _softness(row: dict[str, Any]) -> Iterator[str]:
    if row["user"].partition(":")[0] in ("", "0", "root"):
        yield "it runs as root"
    if "ALL" not in row["cap_drop"]:
        yield "it keeps Docker's capabilities"
    if more := sorted(set(row["cap_add"]) - CAPABILITIES):
        yield f"it has {', '.join(more)}"
    if not row["is_read_only"]:
        yield "its files can be changed"
    if row["namespaces"]["network"] == "host":
        yield "it has the server's network"
    if any("unconfined" in option for option in row["security"]):
        yield "it is not confined"
