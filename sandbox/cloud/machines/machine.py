"""
One server's container: made, started, stopped, removed. What it is connected to is `sandbox.cloud.machines.machines`' matter.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from docker.errors import APIError, NotFound
from docker.types import Mount

from sandbox import labelled
from sandbox.cloud.machines.model import MachineSpec
from sandbox.instance import Instance

SERVER_LABEL = "flotilla.server"
CAPABILITIES = [
    "SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_PTRACE", "SYS_CHROOT", "MKNOD", "DAC_READ_SEARCH", "AUDIT_WRITE", "SYS_NICE",
    "SYS_BOOT",
]  # fmt: skip
GIB = 1024**3
CPU_PERIOD_US = 100_000
NAME_FREE_S = 30.0


def container_name(instance: Instance, server_name: str) -> str:
    """
    The container of a server.
    """
    return instance.name("srv", server_name)


def find(client: Any, instance: Instance, server_id: int) -> Any | None:
    """
    The container of a server, or None where somebody removed it.
    """
    found = client.containers.list(all=True, filters=labelled.of(instance, f"{SERVER_LABEL}={server_id}"))
    return found[0] if found else None


def all_machines(client: Any, instance: Instance) -> dict[int, dict[str, Any]]:
    """
    Docker's short description of every machine container, by server id.
    """
    rows = client.api.containers(all=True, filters=labelled.of(instance, SERVER_LABEL))
    return {int(row["Labels"][SERVER_LABEL]): row for row in rows}


def create(client: Any, instance: Instance, image: str, spec: MachineSpec, seed: Path, devices: str, may_resize: bool) -> Any:
    """
    Make the container of a server without starting it. `devices` is the host's folder that becomes /dev/disk; `may_resize` lets
    the machine resize mounted file systems.
    """
    docker_volume = instance.name("docker", spec.server_id)
    labels = {**instance.labels, SERVER_LABEL: str(spec.server_id)}
    client.volumes.create(docker_volume, labels=labels)
    mounts = [
        Mount("/sys/fs/cgroup", "/sys/fs/cgroup", type="bind"),
        Mount("/var/lib/cloud/seed/nocloud", str(seed), type="bind", read_only=True),
        Mount("/dev/disk", devices, type="bind"),
        Mount("/var/lib/docker", docker_volume, type="volume"),
    ]
    name = container_name(instance, spec.name)
    created = partial(
        client.containers.create,
        image,
        ["/sbin/init"],
        name=name,
        hostname=spec.name,
        labels=labels,
        network=instance.network_name,
        cap_add=[*CAPABILITIES, *(["SYS_RESOURCE"] if may_resize else [])],
        cgroupns="host",
        device_cgroup_rules=["b 7:* rwm"],
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        stop_signal="SIGRTMIN+3",
        tmpfs={"/run": "", "/tmp": ""},  # noqa: S108 - a mount point in the machine
        mounts=mounts,
        **limits(client.info(), spec),
    )
    return _with_name_free(client, instance, name, created)


def limits(host: dict[str, Any], spec: MachineSpec) -> dict[str, Any]:
    """
    Memory and processor limits of a server's type, as far as this host has that much and can limit it.
    """
    chosen: dict[str, Any] = {}
    if host.get("MemoryLimit"):
        chosen["mem_limit"] = min(int(spec.memory_gb * GIB), host["MemTotal"])
        chosen["memswap_limit"] = chosen["mem_limit"] if host.get("SwapLimit") else -1
    if host.get("CpuCfsQuota"):
        chosen["cpu_period"] = CPU_PERIOD_US
        chosen["cpu_quota"] = min(spec.cores, host["NCPU"]) * CPU_PERIOD_US
    return chosen


def resize(client: Any, container: Any, spec: MachineSpec) -> None:
    """
    Give a container the limits of another server type.
    """
    container.update(**limits(client.info(), spec))


def remove(client: Any, instance: Instance, server_id: int) -> None:
    """
    Remove a server's container and everything that only it used; no error when it is gone already.
    """
    container = find(client, instance, server_id)
    if container is not None:
        container.remove(force=True, v=True)
    with contextlib.suppress(NotFound):
        client.volumes.get(instance.name("docker", server_id)).remove(force=True)


def _with_name_free(client: Any, instance: Instance, name: str, create: Callable[[], Any]) -> Any:
    """
    Create a container whose name may still be held by one of this instance: Docker goes on with what a killed cloud had asked
    for, and that may be there only after the next cloud has removed what no document knows. It was never started.
    """
    deadline = time.monotonic() + NAME_FREE_S
    while True:
        try:
            return create()
        except APIError as error:
            if error.status_code != HTTPStatus.CONFLICT or time.monotonic() > deadline:
                raise
        for server_id, row in all_machines(client, instance).items():
            if f"/{name}" in row["Names"] and row["State"] == "created":
                remove(client, instance, server_id)
        time.sleep(0.1)
