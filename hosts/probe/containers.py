"""
What Docker runs, asked of its own socket. Variables of containers are left out: they may be secret.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import stat
from typing import Any
from urllib.parse import quote

from hosts.probe.reading import UnreadableError, text_of

SOCKET = "/var/run/docker.sock"
DAEMON = "/etc/docker/daemon.json"
TIMEOUT_S = 5.0


class Connection(http.client.HTTPConnection):
    """
    To Docker's socket.
    """

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        super().__init__("docker", timeout=timeout_s)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def ask(connection: Connection, path: str) -> Any:
    """
    What Docker answers.

    Raises: UnreadableError
    """
    connection.request("GET", path)
    answer = connection.getresponse()
    body = json.loads(answer.read())
    if answer.status != http.client.OK:
        raise UnreadableError(f"Docker answered {path.partition('?')[0]} with {answer.status}: {body.get('message', '')}")
    return body


def docker() -> dict[str, Any] | None:
    """
    The daemon, its containers, and of a swarm's manager its services and nodes; None where Docker is not installed, or is off:
    a socket at which nobody listens stays behind.
    """
    if not os.path.exists(SOCKET):  # noqa: PTH110
        return None
    connection = Connection()
    try:
        info = ask(connection, "/info")
    except ConnectionRefusedError:
        return None
    rows = ask(connection, "/containers/json?all=1")
    swarm = info.get("Swarm") or {}
    is_manager = bool(swarm.get("ControlAvailable"))
    return {
        "daemon": _daemon(info),
        "containers": [found for row in rows if (found := _container(connection, row["Id"]))],
        "node_id": swarm.get("NodeID", ""),
        "swarm": _swarm(connection) if is_manager else None,
    }


def _daemon(info: dict[str, Any]) -> dict[str, Any]:
    mode = os.stat(SOCKET)  # noqa: PTH116
    try:
        configured = json.loads(text_of(DAEMON))
    except FileNotFoundError:
        configured = {}
    registries = (info.get("RegistryConfig") or {}).get("InsecureRegistryCIDRs") or []
    indexes = (info.get("RegistryConfig") or {}).get("IndexConfigs") or {}
    return {
        "version": info["ServerVersion"],
        "warnings": info.get("Warnings") or [],
        "configured": configured,
        "socket": {"mode": f"{stat.S_IMODE(mode.st_mode):04o}", "uid": mode.st_uid},
        "insecure_registries": [*registries, *(name for name, index in indexes.items() if not index.get("Secure"))],
    }


def _container(connection: Connection, identity: str) -> dict[str, Any] | None:
    try:
        found = ask(connection, f"/containers/{quote(identity)}/json")
    except UnreadableError:
        return None  # it has ended since they were listed
    state, config, host = found["State"], found["Config"], found["HostConfig"]
    return {
        "name": found["Name"].lstrip("/"),
        "image": config["Image"],
        "labels": {
            key: value for key, value in (config.get("Labels") or {}).items() if key.startswith(("flotilla.", "com.docker."))
        },
        "status": state["Status"],
        "exit_code": state.get("ExitCode", 0),
        "is_oom_killed": bool(state.get("OOMKilled")),
        "started": state.get("StartedAt", ""),
        "finished": state.get("FinishedAt", ""),
        "health": (state.get("Health") or {}).get("Status", ""),
        "restarts": found.get("RestartCount", 0),
        "memory_bytes": host.get("Memory") or 0,
        "nano_cpus": host.get("NanoCpus") or 0,
        "user": config.get("User", ""),
        "is_privileged": bool(host.get("Privileged")),
        "is_read_only": bool(host.get("ReadonlyRootfs")),
        "cap_add": host.get("CapAdd") or [],
        "cap_drop": host.get("CapDrop") or [],
        "namespaces": {"network": host.get("NetworkMode", ""), "pid": host.get("PidMode", ""), "ipc": host.get("IpcMode", "")},
        "security": host.get("SecurityOpt") or [],
        "mounts": [
            {
                "kind": mount["Type"],
                "source": mount.get("Source", ""),
                "target": mount["Destination"],
                "is_writable": mount["RW"],
            }
            for mount in found.get("Mounts") or []
        ],
        "ports": sorted(port for port, bound in ((found.get("NetworkSettings") or {}).get("Ports") or {}).items() if bound),
    }


def _swarm(connection: Connection) -> dict[str, Any]:
    nodes = ask(connection, "/nodes")
    services = ask(connection, "/services?status=true")
    names = {service["ID"]: service["Spec"]["Name"] for service in services}
    tasks = ask(connection, f"/tasks?filters={quote(json.dumps({'desired-state': ['shutdown', 'running']}))}")
    return {
        "nodes": [
            {
                "name": node["Description"]["Hostname"],
                "state": node["Status"]["State"],
                "availability": node["Spec"]["Availability"],
            }
            for node in nodes
        ],
        "services": [
            {
                "name": service["Spec"]["Name"],
                "image": service["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"],
                "labels": service["Spec"]["TaskTemplate"]["ContainerSpec"].get("Labels") or {},
                "running": (service.get("ServiceStatus") or {}).get("RunningTasks", 0),
                "desired": (service.get("ServiceStatus") or {}).get("DesiredTasks", 0),
                "is_job": "ReplicatedJob" in service["Spec"]["Mode"] or "GlobalJob" in service["Spec"]["Mode"],
            }
            for service in services
        ],
        "failed_tasks": [
            {
                "service": names.get(task["ServiceID"], ""),
                "time": task["Status"]["Timestamp"],
                "error": task["Status"].get("Err", "")[:200],
            }
            for task in tasks
            if task["Status"]["State"] in ("failed", "rejected")
        ],
    }
