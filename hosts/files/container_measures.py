"""
Restarts, kills for want of memory, and memory of this server's containers, for Prometheus:
`container_measures.py <file>.prom`.

Asks Docker, remembers what was counted in systemd's state directory, and writes the file at once. What cannot be asked is not
written: the file goes, and the unit fails. Needs nothing but Python 3.11's standard library: it is copied to the server.

A restart is a container in the place (service and slot) of another of the same making. One of another making is an update.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DOCKER = "/run/docker.sock"
TIMEOUT_S = 20
SERVICE, SERVICE_ID = "com.docker.swarm.service.name", "com.docker.swarm.service.id"
NODE, TASK = "com.docker.swarm.node.id", "com.docker.swarm.task"
HELP = {
    "flotilla_container_restarts_total": ("counter", "How often a service's containers on this server were started again."),
    "flotilla_container_oom_kills_total": ("counter", "How often they were killed for want of memory."),
    "flotilla_container_memory_bytes": ("gauge", "Memory that a service's containers on this server use."),
    "flotilla_container_memory_limit_bytes": ("gauge", "Memory that they may use."),
}

# {"restarts": {service: n}, "kills": {service: n}, "places": {place: making}, "seen": {container: its own restarts},
#  "killed": [container, ...]}
State = dict[str, Any]


class DockerConnection(http.client.HTTPConnection):
    """
    HTTP over Docker's socket.
    """

    def connect(self) -> None:
        """
        Called by the base class.
        """
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(DOCKER)


def ask(path: str) -> Any:
    """
    What Docker answers; None for a container that is gone meanwhile.

    Raises: OSError when it does not answer, or not as it should.
    """
    connection = DockerConnection("docker", timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    except http.client.HTTPException as error:
        raise OSError(f"Docker's answer to {path} is none: {type(error).__name__}") from None
    finally:
        connection.close()
    if answer.status == 404:
        return None
    if answer.status != 200:
        raise OSError(f"Docker answered {path} with {answer.status}")
    return json.loads(body)


def containers() -> list[dict[str, Any]]:
    """
    Every container, those that have ended included, in the order of their making. `Stats` is what those that run use.
    """
    found = []
    for row in ask("/containers/json?all=1"):
        container = ask(f"/containers/{row['Id']}/json")
        if container is None:
            continue
        if container["State"]["Running"]:
            container["Stats"] = ask(f"/containers/{row['Id']}/stats?stream=false&one-shot=true")
        found.append(container)
    return sorted(found, key=lambda container: str(container["Created"]))


def service(container: dict[str, Any]) -> str:
    """
    What a container is part of: its service, or itself.
    """
    return str(container["Config"]["Labels"].get(SERVICE) or container["Name"].lstrip("/"))


def slot(container: dict[str, Any]) -> str:
    """
    Its number in its service; a service with one container per server has none.
    """
    labels = container["Config"]["Labels"]
    part = str(labels.get(f"{TASK}.name", "")).removeprefix(f"{labels.get(SERVICE)}.").partition(".")[0]
    return part if part.isdigit() else ""


def _making(container: dict[str, Any]) -> str:
    """
    What it was made of, without what is another's for each container.
    """
    config, limits = container["Config"], container["HostConfig"]
    labels = {key: value for key, value in config["Labels"].items() if not key.startswith(TASK)}
    parts = [container["Image"], config["Env"], config["Cmd"], config["Entrypoint"], labels]
    parts += [limits[key] for key in ("Memory", "NanoCpus", "Mounts") if key in limits]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def counted(state: State, found: Iterable[dict[str, Any]]) -> State:
    """
    What is remembered after these containers were seen. Pure. Without a state, everything there is was there before.
    """
    is_first = not state
    restarts, kills = dict(state.get("restarts", {})), dict(state.get("kills", {}))
    seen, killed = dict(state.get("seen", {})), set(state.get("killed", ()))
    places, now_seen, now_places, now_killed = dict(state.get("places", {})), {}, {}, set()
    for container in found:
        name, number = service(container), container["Id"]
        place = f"{container['Config']['Labels'].get(SERVICE_ID, name)}/{slot(container)}"
        making, own = _making(container), container["RestartCount"]
        restarts.setdefault(name, 0)
        kills.setdefault(name, 0)
        if not is_first:
            is_again = number not in seen and places.get(place) == making
            restarts[name] += is_again + max(0, own - seen.get(number, 0))
            kills[name] += container["State"]["OOMKilled"] and number not in killed
        if container["State"]["OOMKilled"]:
            now_killed.add(number)
        now_seen[number] = own
        places[place] = now_places[place] = making
    names = {service(container) for container in found}
    return {
        "restarts": {name: count for name, count in restarts.items() if name in names},
        "kills": {name: count for name, count in kills.items() if name in names},
        "seen": now_seen,
        "killed": sorted(now_killed),
        "places": now_places,
    }


def memory(container: dict[str, Any]) -> int | None:
    """
    Memory that it cannot give back, in bytes, as `docker stats` has it; None where the kernel does not count it.
    """
    stats = (container.get("Stats") or {}).get("memory_stats") or {}
    if "usage" not in stats:
        return None
    parts = stats.get("stats", {})
    return max(0, int(stats["usage"]) - int(parts.get("inactive_file", parts.get("total_inactive_file", 0))))


def text(state: State, found: Iterable[dict[str, Any]]) -> str:
    """
    In Prometheus' format.
    """
    values: dict[str, list[tuple[dict[str, str], int]]] = {name: [] for name in HELP}
    values["flotilla_container_restarts_total"] = [({"service": name}, n) for name, n in sorted(state["restarts"].items())]
    values["flotilla_container_oom_kills_total"] = [({"service": name}, n) for name, n in sorted(state["kills"].items())]
    for container in found:
        used, limit = memory(container), int(container["HostConfig"]["Memory"])
        labels = {"service": service(container), "slot": slot(container)}
        if used is not None:
            values["flotilla_container_memory_bytes"].append((labels, used))
            if limit:
                values["flotilla_container_memory_limit_bytes"].append((labels, limit))
    lines = []
    for name, (kind, words) in HELP.items():
        lines += [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
        lines += [f"{name}{{{_labels(labels)}}} {value}" for labels, value in values[name]]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, str]) -> str:
    escaped = {
        key: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for key, value in labels.items() if value
    }
    return ",".join(f'{key}="{value}"' for key, value in escaped.items())


def write(path: Path, content: str) -> None:
    """
    At once: who reads it sees the old or the new one.
    """
    new = path.with_name(f".{path.name}.new")
    new.write_text(content)
    new.chmod(0o644)
    new.replace(path)


def remembered(path: Path) -> State:
    """
    What was counted before; nothing when that cannot be read any more.
    """
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}


def main() -> int:
    output, memory_file = Path(sys.argv[1]), Path(os.environ["STATE_DIRECTORY"]) / "counted.json"
    try:
        found = containers()
    except (OSError, ValueError, KeyError) as error:
        output.unlink(missing_ok=True)
        sys.stderr.write(f"Docker cannot be asked: {error}. Nothing is known of its containers.\n")
        return 1
    state = counted(remembered(memory_file), found)
    write(memory_file, json.dumps(state))
    write(output, text(state, found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
