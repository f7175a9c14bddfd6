"""
Restarting a server: give its visitors and containers to others where that can be done, restart, and wait until everything is
as it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from components import readiness
from hosts.probe.script import script
from ops import fleet as fleets
from ops.confirm import Approval, Level
from ops.errors import FlotillaError
from ops.fleet import Fleet
from ops.mutation import Operation, mutate
from ops.reboot.stand import ASK_S, BOOT, ENTRANCE, SECTIONS, Stand, data_of, elsewhere, look, services, serving
from ops.steps import Context, Sequential, Step

LIMIT_S, MOVE_S, PAUSE_S = 600.0, 180.0, 2.0
STOP_ENTRANCE = f"docker ps -q --filter label=com.docker.swarm.service.name={ENTRANCE} | xargs -r docker stop -t 20"
ONE_SECOND_LATER = ("systemd-run", "--quiet", "--on-active=1", "systemctl", "reboot")


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
    One after the other; the server gets containers and requests again, also where the restart fails.
    """

    def balanced(_: Context) -> bool:
        return stand.is_balanced

    def drained(_: Context) -> bool:
        return stand.is_drained

    return Sequential(
        steps=(
            Step(
                name=f"send {stand.server} no more requests",
                run=partial(_shut, known, stand),
                undo=partial(_open, known, stand),
                when=balanced,
                is_undone_on_failure=True,
            ),
            Step(
                name=f"move containers off {stand.server}",
                run=partial(_move, known, stand),
                undo=partial(_allow, known, stand),
                when=drained,
                is_undone_on_failure=True,
            ),
            Step(name=f"restart {stand.server}", run=partial(_restart, known, stand)),
            Step(name=f"wait for {stand.server}", run=partial(_wait, known, stand, limit_s)),
            Step(name=f"give containers to {stand.server} again", run=partial(_allow, known, stand), when=drained),
            Step(name=f"send {stand.server} requests again", run=partial(_reopen, known, stand, limit_s), when=balanced),
            Step(name="services are back", run=partial(_settled, known, stand, limit_s)),
        )
    )


def _shut(known: Fleet, stand: Stand, _: Context) -> str:
    """
    First the load balancer leaves it out; then those that stay connected are answered, and their connections closed. Swarm
    starts another Caddy there, which nobody is sent to. No service is updated for that: Swarm would start it anew on the other
    servers as well.
    """
    known.run(stand.server, "rm", "-f", readiness.FILE_ON_SERVER)
    time.sleep(readiness.LEFT_OUT_AFTER_S)
    known.run(stand.server, "sh", "-c", STOP_ENTRANCE)
    return f"the load balancer leaves {stand.server} out"


def _open(known: Fleet, stand: Stand, _: Context) -> str:
    known.run(stand.server, "touch", readiness.FILE_ON_SERVER)
    return f"the load balancer may send requests to {stand.server}"


def _reopen(known: Fleet, stand: Stand, limit_s: float, context: Context) -> str:
    """
    Once its HAProxy has found somebody for all that it had somebody for.
    """

    def is_serving() -> bool:
        return stand.serving <= serving(known.told(stand.server, script(("haproxy",)), timeout_s=ASK_S)["sections"])

    _until(is_serving, limit_s, f"{stand.server}: its HAProxy does not find all processes")
    return _open(known, stand, context)


def _move(known: Fleet, stand: Stand, _: Context) -> str:
    """
    Another one is started elsewhere and is healthy before the one here is stopped, where the service is updated that way.
    """
    _update(known, stand, "--constraint-add")
    asked = ["docker", "node", "ps", stand.server, "--filter", "desired-state=running", "--format", "{{.Name}}"]

    def is_empty() -> bool:
        left = known.run(stand.manager, *asked).split()
        return not any(task.startswith(f"{name}.") for task in left for name in stand.moving)

    _until(is_empty, MOVE_S, f"{stand.server}: {', '.join(stand.moving)} did not move away")
    return f"{', '.join(stand.moving)} moved to {', '.join(stand.others)}"


def _allow(known: Fleet, stand: Stand, _: Context) -> str:
    """
    Swarm moves nothing that runs for that. Its manager may be the server that comes back just now.
    """

    def is_told() -> bool:
        _update(known, stand, "--constraint-rm")
        return True

    _until(is_told, MOVE_S, f"{stand.manager}: Swarm does not answer")
    return f"{stand.server} takes containers"


def _update(known: Fleet, stand: Stand, change: str) -> None:
    for name in stand.moving:
        known.run(stand.manager, "docker", "service", "update", "--detach", change, elsewhere(stand.server), name)


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
        units = data_of(seen, "units")
        now = services(seen)
        wanted = {name: count for name, count in stand.running.items() if not (stand.is_drained and name in stand.moving)}
        missing[:] = [name for name, count in wanted.items() if now.get(name, 0) < count]
        if units is None or (stand.running and data_of(seen, "docker") is None):
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
