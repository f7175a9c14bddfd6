"""
Restarting a server: give its containers to others where that can be done, restart, and wait until everything is as it was.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hosts.probe.script import script
from ops import fleet as fleets
from ops.confirm import Approval, Level
from ops.errors import FlotillaError
from ops.fleet import Fleet
from ops.mutation import Operation, mutate
from ops.steps import Context, Sequential, Step

SECTIONS = ("docker", "units", "system")
LIMIT_S, DRAIN_S, ASK_S, PAUSE_S = 600.0, 120.0, 30.0, 2.0
# A machine's start: the kernel's own number, and in the sandbox, whose machines share a kernel, when process 1 began.
BOOT = "cat /proc/sys/kernel/random/boot_id; cut -d' ' -f22 /proc/1/stat"
ONE_SECOND_LATER = ("systemd-run", "--quiet", "--on-active=1", "systemctl", "reboot")


@dataclass(frozen=True, kw_only=True)
class Stand:
    """
    How a server is before it is restarted. `manager` is the swarm's (empty without one), `others` are servers that could take
    its containers, `moving` and `staying` its services: those that stay are down meanwhile, and those of the moving that are
    `single`, with one container, until another one is healthy elsewhere: Swarm stops the old one first. `failed` are units.
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
        failed=frozenset(unit["name"] for unit in _data(seen, "units") or ()),
        single=tuple(single),
    )


def _data(sections: Mapping[str, Any], name: str) -> Any:
    return sections.get(name, {}).get("data")


def services(sections: Mapping[str, Any]) -> dict[str, int]:
    """
    How many healthy containers of each service run on a server.
    """
    found: dict[str, int] = {}
    for row in (_data(sections, "docker") or {}).get("containers", ()):
        service = row["labels"].get("com.docker.swarm.service.name")
        if service and row["status"] == "running" and row["health"] in ("", "healthy"):
            found[service] = found.get(service, 0) + 1
    return found


def _manager(known: Fleet, names: Sequence[str]) -> str:
    answers = known.ask({name: fleets.command(["docker", "node", "ls", "-q"]) for name in sorted(names)}, timeout_s=ASK_S)
    answered = [name for name, answer in answers.items() if not answer.problem and fleets.parsed(name, answer)["code"] == 0]
    return answered[0] if answered else ""


def _swarm(known: Fleet, manager: str, server: str) -> tuple[list[str], list[str], list[str], list[str]]:
    """
    Other servers that take containers; services of this server that can move there, those that cannot, and those of the first
    that have one container.
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
        if not any(task == name or task.startswith(f"{name}.") for task in wanted) or _is_job(spec):
            continue
        constraints = (spec["TaskTemplate"].get("Placement") or {}).get("Constraints") or []
        is_bound = "Global" in spec["Mode"] or any(f"=={server}" in rule.replace(" ", "") for rule in constraints)
        (staying if is_bound else moving).append(name)
        if not is_bound and spec["Mode"].get("Replicated", {}).get("Replicas") == 1:
            single.append(name)
    return others, moving, staying, single


def _services(known: Fleet, manager: str) -> list[str]:
    return known.run(manager, "docker", "service", "ls", "-q").split()


def _is_job(spec: Mapping[str, Any]) -> bool:
    return "ReplicatedJob" in spec["Mode"] or "GlobalJob" in spec["Mode"]


def reboot(
    checkout: Path, stack: str, server: str, approval: Approval, *, limit_s: float = LIMIT_S, lock_wait_s: float = 0.0
) -> dict[str, Any]:
    """
    Do it. Returns the operation's report.
    """
    known = fleets.of(checkout, stack)
    stand = look(known, server)
    told = f" ({stand.downtime})" if stand.downtime else " without downtime"
    operation = Operation(
        name="host reboot",
        what=f"Restart {server}{told}",
        level=Level.IMPORTANT,
        stack=stack,
        steps=steps(known, stand, limit_s),
        facts={"server": server, "downtime": stand.downtime, "moving": list(stand.moving), "staying": list(stand.staying)},
    )
    return mutate(checkout, operation, approval, lock_wait_s=lock_wait_s)


def steps(known: Fleet, stand: Stand, limit_s: float) -> Sequential:
    """
    One after the other; what was drained takes containers again, also where the restart fails.
    """

    def drained(_: Context) -> bool:
        return stand.is_drained

    back = partial(_available, known, stand, "active")
    return Sequential(
        steps=(
            Step(
                name=f"move containers off {stand.server}",
                run=partial(_drain, known, stand),
                undo=back,
                when=drained,
                is_undone_on_failure=True,
            ),
            Step(name=f"restart {stand.server}", run=partial(_restart, known, stand)),
            Step(name=f"wait for {stand.server}", run=partial(_wait, known, stand, limit_s)),
            Step(name=f"give containers to {stand.server} again", run=back, when=drained),
            Step(name="services are back", run=partial(_settled, known, stand, limit_s)),
        )
    )


def _available(known: Fleet, stand: Stand, availability: str, _: Context) -> str:
    known.run(stand.manager, "docker", "node", "update", "--availability", availability, stand.server)
    return f"{stand.server} is {availability}"


def _drain(known: Fleet, stand: Stand, context: Context) -> str:
    """
    Wait until none of those that can move has a task there that is to run.
    """
    _available(known, stand, "drain", context)
    asked = ["docker", "node", "ps", stand.server, "--filter", "desired-state=running", "--format", "{{.Name}}"]

    def is_empty() -> bool:
        left = known.run(stand.manager, *asked).split()
        return not any(task.startswith(f"{name}.") for task in left for name in stand.moving)

    _until(is_empty, DRAIN_S, f"{stand.server}: its containers did not move away")
    return f"{', '.join(stand.moving)} moved to {', '.join(stand.others)}"


def _restart(known: Fleet, stand: Stand, _: Context) -> str:
    """
    A second after the answer, so that there is one.
    """
    known.run(stand.server, *ONE_SECOND_LATER)
    return "told to restart"


def _wait(known: Fleet, stand: Stand, limit_s: float, context: Context) -> str:
    started = time.monotonic()

    def is_back() -> bool:
        return known.run(stand.server, "sh", "-c", BOOT, timeout_s=10) != stand.boot

    _until(is_back, limit_s, f"{stand.server}: it did not come back")
    took_s = round(time.monotonic() - started, 1)
    context.facts["back_after_s"] = took_s
    return f"SSH answers after {took_s} s"


def _settled(known: Fleet, stand: Stand, limit_s: float, context: Context) -> str:
    """
    By the audit's probe: Docker answers, the containers that stay are there and healthy, and no unit failed that
    had not before.
    """
    missing: list[str] = []

    def is_settled() -> bool:
        seen = known.told(stand.server, script(SECTIONS), timeout_s=ASK_S)["sections"]
        units = _data(seen, "units")
        now = services(seen)
        wanted = {name: count for name, count in stand.running.items() if not (stand.is_drained and name in stand.moving)}
        missing[:] = [name for name, count in wanted.items() if now.get(name, 0) < count]
        if units is None or (stand.running and _data(seen, "docker") is None):
            missing.append("Docker and systemd")
        else:
            missing.extend(sorted({unit["name"] for unit in units} - stand.failed))
        return not missing

    try:
        _until(is_settled, limit_s, f"{stand.server}: not everything came back")
    except FlotillaError as error:
        context.critical.append(f"{stand.server}: not back: {', '.join(missing) or 'unknown'}")
        raise FlotillaError(f"{str(error).rstrip('.')}: {', '.join(missing) or 'it does not answer'}.") from None
    return f"{len(stand.running)} services run, as before" if stand.running else "systemd has no new failure"


def _until(is_done: Callable[[], bool], limit_s: float, what: str) -> None:
    """
    Ask until it is so. A server that does not answer is asked again.

    Raises: FlotillaError when the time is over.
    """
    deadline = time.monotonic() + limit_s
    last = ""
    while True:
        try:
            if is_done():
                return
        except FlotillaError as error:
            last = f" ({str(error).partition('. ')[0]})"
        if time.monotonic() >= deadline:
            raise FlotillaError(f"{what} within {limit_s:g} s{last}. Look at its console at the provider.")
        time.sleep(PAUSE_S)
