"""
How a server is before it is restarted: what runs there, what could run elsewhere, and what is down meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hosts.probe.script import script
from ops import fleet as fleets
from ops.fleet import Fleet

SECTIONS = ("docker", "units", "system", "haproxy")
ASK_S = 30.0
# A machine's start: the kernel's own number, and in the sandbox, whose machines share a kernel, when process 1 began.
BOOT = "cat /proc/sys/kernel/random/boot_id; cut -d' ' -f22 /proc/1/stat"
# Whoever answers visitors on a server: without it nobody gets in there.
ENTRANCE = "caddy"
INGRESS = frozenset({ENTRANCE, "haproxy"})


@dataclass(frozen=True, kw_only=True)
class Stand:
    """
    How a server is before it is restarted. `manager` is the swarm's (empty without one), `others` are servers that could take
    its containers, `moving` and `staying` its services: those that stay are down meanwhile, and those of the moving that are
    `single`, with one container that is stopped before another one starts. `failed` are units; `serving` are the backends that
    its HAProxy has somebody for, `is_balanced`: a load balancer leads there and elsewhere.
    """

    server: str
    boot: str
    manager: str
    others: tuple[str, ...]
    moving: tuple[str, ...]
    staying: tuple[str, ...]
    running: Mapping[str, int]
    failed: frozenset[str]
    single: tuple[str, ...] = ()
    serving: frozenset[str] = frozenset()
    is_balanced: bool = False

    @property
    def is_drained(self) -> bool:
        """
        Whether anything can be moved away.
        """
        return bool(self.manager and self.others and self.moving)

    @property
    def downtime(self) -> str:
        """
        What is down meanwhile, for people; empty where nothing is.
        """
        gone = self.staying if self.is_drained else (*self.moving, *self.staying)
        if self.is_balanced:
            gone = tuple(name for name in gone if name not in INGRESS)
        brief = f"for seconds, as they move: {', '.join(self.single)}" if self.is_drained and self.single else ""
        told = "; ".join(part for part in (", ".join(gone), brief) if part)
        return f"downtime: {told}" if told else ""


def look(known: Fleet, server: str) -> Stand:
    """
    Raises: SettingsError where there is no such server, FlotillaError where it does not answer.
    """
    known.require(server)
    seen = known.told(server, script(SECTIONS), timeout_s=ASK_S)["sections"]
    names = [name for name, row in known.outputs["servers"].items() if {"app", "ingress"} & set(row["roles"])]
    manager = _manager(known, names)
    others, moving, staying, single = _swarm(known, manager, server)
    roles = known.outputs["servers"][server]["roles"]
    alone = ["PostgreSQL with every project's database"] if "db" in roles else []
    return Stand(
        server=server,
        boot=known.run(server, "sh", "-c", BOOT),
        manager=manager,
        others=tuple(others),
        moving=tuple(moving),
        staying=(*staying, *alone),
        running=services(seen),
        failed=frozenset(unit["name"] for unit in data_of(seen, "units") or ()),
        single=tuple(single),
        serving=serving(seen),
        is_balanced=bool(manager) and _is_balanced(known, server),
    )


def _is_balanced(known: Fleet, server: str) -> bool:
    servers = known.outputs["servers"]
    others = [name for name, row in servers.items() if name != server and "ingress" in row["roles"]]
    is_behind = (known.outputs.get("entry") or {}).get("kind") == "load-balancer"
    return is_behind and bool(others) and "ingress" in servers[server]["roles"]


def data_of(sections: Mapping[str, Any], name: str) -> Any:
    """
    What a section of the audit's probe has; None where it failed, or was not asked for.
    """
    return sections.get(name, {}).get("data")


def services(sections: Mapping[str, Any]) -> dict[str, int]:
    """
    How many healthy containers of each service run on a server.
    """
    found: dict[str, int] = {}
    for row in (data_of(sections, "docker") or {}).get("containers", ()):
        service = row["labels"].get("com.docker.swarm.service.name")
        if service and row["status"] == "running" and row["health"] in ("", "healthy"):
            found[service] = found.get(service, 0) + 1
    return found


def serving(sections: Mapping[str, Any]) -> frozenset[str]:
    """
    The backends that a server's HAProxy has somebody for.
    """
    found = (data_of(sections, "haproxy") or {}).get("serving", {})
    return frozenset(name for name, count in found.items() if count)


def _manager(known: Fleet, names: Sequence[str]) -> str:
    answers = known.ask({name: fleets.command(["docker", "node", "ls", "-q"]) for name in sorted(names)}, timeout_s=ASK_S)
    answered = [name for name, answer in answers.items() if not answer.problem and fleets.parsed(name, answer)["code"] == 0]
    return answered[0] if answered else ""


def _swarm(known: Fleet, manager: str, server: str) -> tuple[list[str], list[str], list[str], list[str]]:
    """
    Other servers that take containers; services of this server that can move there, those that cannot, and those of the first
    that have one container, which is stopped before another one starts.
    """
    if not manager:
        return [], [], [], []
    ids = known.run(manager, "docker", "node", "ls", "-q").split()
    nodes = json.loads(known.run(manager, "docker", "node", "inspect", *ids))
    able = [
        node["Description"]["Hostname"]
        for node in nodes
        if node["Status"]["State"] == "ready" and node["Spec"]["Availability"] == "active"
    ]
    others = [name for name in able if name != server and "app" in known.outputs["servers"].get(name, {}).get("roles", ())]
    if server not in [node["Description"]["Hostname"] for node in nodes]:
        return [], [], [], []
    there = known.run(manager, "docker", "node", "ps", server, "--filter", "desired-state=running", "--format", "{{.Name}}")
    wanted = sorted({line.rsplit(".", 1)[0] for line in there.split()})
    moving: list[str] = []
    staying: list[str] = []
    single: list[str] = []
    for row in json.loads(known.run(manager, "docker", "service", "inspect", *_services(known, manager))):
        name, spec = row["Spec"]["Name"], row["Spec"]
        constraints = (spec["TaskTemplate"].get("Placement") or {}).get("Constraints") or []
        is_here = any(task == name or task.startswith(f"{name}.") for task in wanted)
        # One that a restart which was killed had moved away is one of this server, too.
        if _is_job(spec) or not (is_here or elsewhere(server) in constraints):
            continue
        is_bound = "Global" in spec["Mode"] or any(f"=={server}" in rule.replace(" ", "") for rule in constraints)
        (staying if is_bound else moving).append(name)
        is_alone = spec["Mode"].get("Replicated", {}).get("Replicas") == 1
        if not is_bound and is_alone and (spec.get("UpdateConfig") or {}).get("Order") != "start-first":
            single.append(name)
    return others, moving, staying, single


def elsewhere(server: str) -> str:
    """
    The placement constraint by which a service has no container on a server.
    """
    return f"node.hostname!={server}"


def _services(known: Fleet, manager: str) -> list[str]:
    return known.run(manager, "docker", "service", "ls", "-q").split()


def _is_job(spec: Mapping[str, Any]) -> bool:
    return "ReplicatedJob" in spec["Mode"] or "GlobalJob" in spec["Mode"]
