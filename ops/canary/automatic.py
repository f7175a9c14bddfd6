"""
A canary that goes its way by itself: step by step while it is as good as the stable release, and back where it is not.

If this is killed, the canary keeps its share; `flotilla canary watch` goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from components.haproxy import backend_name
from ops import releases, ssh
from ops import stack as stacks
from ops.audit import wanted
from ops.canary import operation, traffic
from ops.canary.decide import Decision, Situation, Verdict, compared, decide
from ops.canary.operation import Caller
from ops.canary.traffic import Ingress
from ops.confirm import Approval, Level
from ops.errors import FlotillaError
from ops.progress import say
from ops.releases import Stand
from settings.canary import Canary
from settings.release import Release

POLL_S = 2.0
TOLD_EVERY_S = 20.0
APPROVED = Approval(level=Level.IMPORTANT, reason="approved when the automatic canary began")


@dataclass(kw_only=True)
class Watch:
    """
    One step of a canary, as long as it is looked at. `look` returns what HAProxy shows, or why that is not known.
    """

    policy: Canary
    canary: str
    stable: str
    look: Callable[[], tuple[Mapping[str, traffic.Seen], str]]
    clock: Callable[[], float] = time.monotonic
    since: traffic.Since | None = None
    down_since: float | None = None

    def __post_init__(self) -> None:
        self.began = self.clock()

    def decide(self) -> Decision:
        """
        Look once, and say what to do.
        """
        seen, problem = self.look()
        now = self.clock()
        situation = Situation(elapsed_s=now - self.began, unknown=problem)
        if problem:
            return decide(situation, self.policy)
        self.since = traffic.later(self.since, seen) if self.since else traffic.begin(seen)
        self.down_since = None if self.since.is_up(self.canary) else self.down_since or now
        down_s = now - self.down_since if self.down_since else 0.0
        canary = traffic.measured(self.since, self.canary, down_s=down_s)
        stable = traffic.measured(self.since, self.stable)
        return decide(replace(situation, canary=canary, stable=stable), self.policy)

    def shown(self) -> str:
        """
        Both releases in one line, so far.
        """
        if self.since is None:
            return "nothing is known yet"
        return compared(traffic.measured(self.since, self.canary), traffic.measured(self.since, self.stable))

    def until_decided(self, is_still_on: Callable[[], bool]) -> Decision:
        """
        Look again and again. A canary that somebody else has changed meanwhile is left alone.
        """
        told = self.clock()
        while True:
            decision = self.decide()
            if decision.verdict is not Verdict.WAIT:
                return decision
            if not is_still_on():
                return Decision(verdict=Verdict.HOLD, reason="somebody else has changed its share meanwhile")
            if self.clock() - told >= TOLD_EVERY_S:
                told = self.clock()
                say(f"  watch  {decision.reason}; {self.shown()}")
            time.sleep(POLL_S)


def begin(checkout: Path, stack: str, name: str, images: Mapping[str, str], caller: Caller) -> dict[str, Any]:
    """
    Start a canary with the first of the project's steps, and watch it to its end.

    Raises: as `operation.start` and `run` do.
    """
    first = releases.look(checkout, stack).project(name).canary.steps[0]
    operation.start(checkout, stack, name, images, first, caller)
    return run(checkout, stack, name, caller)


def run(checkout: Path, stack: str, name: str, caller: Caller) -> dict[str, Any]:
    """
    Watch a canary that is on, step by step, until it serves alone. Returns the report of its promotion.

    Raises: FlotillaError where it was taken back, or left to a person; the text says why.
    """
    later = replace(caller, approval=APPROVED, watched=[])
    while True:
        stand = releases.look(checkout, stack)
        tried = operation.running(stand, name)
        decision = _watched(stand, name, tried, later)
        if decision.verdict is Verdict.HOLD:
            raise FlotillaError(
                f"{name}: the canary {tried.short_digest} stays at {tried.weight} %: {decision.reason}. Nothing was promoted. "
                f"See `flotilla canary status -s {stack}`, then `flotilla canary watch`, `step`, `promote` or `abort {name}`."
            )
        if decision.verdict is Verdict.ABORT:
            why = f"Taken back at {tried.weight} %, step {len(later.watched)}: {decision.reason}"
            report = operation.abort(checkout, stack, name, replace(later, reason=why))
            raise FlotillaError(
                f"{name}: the canary {tried.short_digest} was taken back at {tried.weight} %, step {len(later.watched)}: "
                f"{decision.reason}. The stable release serves alone. See {report['report']}."
            )
        if operation.following(stand.project(name), tried.weight) is None:
            return operation.promote(checkout, stack, name, later)
        operation.step(checkout, stack, name, None, later)


def _watched(stand: Stand, name: str, tried: Release, caller: Caller) -> Decision:
    """
    One step until it is decided; what was seen goes into the reports to come.
    """
    say(f"  watch  {tried.short_digest} of {name} with {tried.weight} %")
    watch = watch_of(stand, name)
    decision = watch.until_decided(lambda: _is_on(stand.checkout, stand.stack, name, tried))
    caller.watched.append(
        {
            "weight": tried.weight,
            "verdict": decision.verdict,
            "reason": decision.reason,
            "measured": watch.shown(),
            "duration_s": round(watch.clock() - watch.began, 1),
        }
    )
    say(f"  {decision.verdict:6} {decision.reason}")
    return decision


def watch_of(stand: Stand, name: str) -> Watch:
    """
    A step that begins now.
    """
    before, tried = stand.served(name).serving
    backends = [
        backend_name(name, process)
        for process, found in stand.project(name).all_processes().items()
        if found.kind in operation.ANSWERING
    ]
    servers = ingress(stand)
    return Watch(
        policy=stand.project(name).canary,
        canary=tried.slot.value,
        stable=before.slot.value,
        look=lambda: servers.look(backends),
    )


def ingress(stand: Stand) -> Ingress:
    """
    The ingress servers of a stack.
    """
    outputs = stacks.outputs(stand.checkout, stand.stack, stand.known)
    targets = [
        ssh.Target(name=server, address=row["ipv4"], host_key=row.get("host_key") or "")
        for server, row in sorted(outputs["servers"].items())
        if "ingress" in row["roles"]
    ]
    return Ingress(targets=targets, private_key=wanted.private_key(stand.settings))


def _is_on(checkout: Path, stack: str, name: str, tried: Release) -> bool:
    """
    Whether the release file still has the canary with this share.
    """
    from settings.releases import load_releases, releases_file

    served = load_releases(releases_file(checkout, stack)).projects.get(name)
    return served is not None and tried in served.serving[1:]
