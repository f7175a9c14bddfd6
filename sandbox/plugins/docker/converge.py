"""
Whether a service runs as asked. `judge_*` are pure functions of what Docker says; `wait` asks until the answer is clear.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, Final

from sandbox.plugins.docker.durations import to_s
from sandbox.plugins.docker.types import Client
from sandbox.plugins.provider import Context

# The real plugin's defaults. Source: terraform-provider-docker 4, resource_docker_service.go.
DELAY: Final = "7s"
TIMEOUT: Final = "3m"
# One task of a slot may fail (a database that is not up yet); when its successor fails too, the image will not get better.
ATTEMPTS: Final = 2
FIRST_POLL_S: Final = 0.1
LONGEST_POLL_S: Final = 1.0

ENDED: Final = frozenset({"failed", "rejected", "complete", "orphaned"})
_FAILED_UPDATES: Final = {
    "paused": "the update stopped half way",
    "rollback_completed": "the update failed and Docker put the old version back",
    "rollback_paused": "the update failed, and so did putting the old version back",
}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """
    What the tasks show: `is_done`, or `failure`, or neither; `progress` is one phrase for the display.
    """

    progress: str
    is_done: bool = False
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """
    How long to wait, and for how long a service without a healthcheck has to run before it counts.
    """

    timeout_s: float
    stable_s: float

    @classmethod
    def of(cls, converge: Mapping[str, str], *, has_healthcheck: bool) -> Limits:
        """
        From `convergeConfig`.
        """
        stable_s = 0.0 if has_healthcheck else to_s(converge.get("delay", DELAY))
        return cls(timeout_s=to_s(converge.get("timeout", TIMEOUT)), stable_s=stable_s)


def judge_tasks(
    service: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], past: AbstractSet[str] = frozenset()
) -> Verdict:
    """
    The verdict on a new service, or on an update that changed no task. Tasks in `past` had ended before.
    They say nothing.
    """
    spec = service["Spec"]
    replicas = ((spec.get("Mode") or {}).get("Replicated") or {}).get("Replicas", 1)
    current = [task for task in tasks if _is_current(task, spec["TaskTemplate"])]
    wanted = [task for task in current if task["DesiredState"] == "running"]
    running = sum(1 for task in wanted if task["Status"]["State"] == "running")
    ended = [task for task in current if has_ended(task) and task["ID"] not in past]
    attempts = 1 if _restart_condition(spec) == "none" else ATTEMPTS
    worst = max(Counter(task.get("Slot") for task in ended).values(), default=0)
    progress = f"{running}/{replicas} running{_states(wanted)}"
    if worst >= attempts:
        last = max(ended, key=lambda task: str(task["Status"].get("Timestamp", "")))
        return Verdict(progress=progress, failure=f"its tasks do not stay up: {task_error(last)}")
    return Verdict(progress=progress, is_done=running == replicas and len(wanted) == replicas)


def judge_update(
    service: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], earlier: str, past: AbstractSet[str] = frozenset()
) -> Verdict:
    """
    The verdict on an update. `earlier` is when the last update before this one started: its status means nothing now, and
    neither do the tasks that had ended by then, `past`. Docker gives an update that changes no task no status at all.
    """
    status = service.get("UpdateStatus") or {}
    verdict = judge_tasks(service, tasks, past)
    if status.get("StartedAt", earlier) == earlier:
        return verdict
    state = status.get("State", "")
    if state in _FAILED_UPDATES:
        return Verdict(progress=verdict.progress, failure=f"{_FAILED_UPDATES[state]} ({status.get('Message', '')})")
    if state == "completed":
        return Verdict(progress=verdict.progress, is_done=True)
    return Verdict(progress=f"{verdict.progress}, {state or 'updating'}")


def has_ended(task: Mapping[str, Any]) -> bool:
    """
    Whether a task's container will never run again.
    """
    return task["Status"]["State"] in ENDED


def task_error(task: Mapping[str, Any]) -> str:
    """
    Why a task ended, in Docker's words.
    """
    status = task["Status"]
    return str(status.get("Err") or status.get("Message") or status["State"])


def wait(api: Client, service_id: str, judge: Callable[[Any, Any], Verdict], limits: Limits, context: Context) -> str:
    """
    Ask until the service runs as wanted. Returns nothing to say, or why it does not.
    """
    started = time.monotonic()
    stable_since, poll_s, shown = None, FIRST_POLL_S, ""
    while True:
        service = api.inspect_service(service_id)
        verdict = judge(service, api.tasks(filters={"service": service_id}))
        now = time.monotonic()
        if verdict.progress != shown:
            shown = verdict.progress
            context.log("status", f"service {service['Spec']['Name']}: {shown}")
        stable_since = (stable_since or now) if verdict.is_done else None
        if stable_since is not None and now - stable_since >= limits.stable_s:
            return ""
        if verdict.failure:
            return verdict.failure
        if now - started > limits.timeout_s:
            return f"it did not run as asked within {limits.timeout_s:.0f} s ({shown})"
        if context.cancelled.wait(poll_s):
            return f"the wait was cancelled ({shown})"
        poll_s = min(poll_s * 1.3, LONGEST_POLL_S)


def _is_current(task: Mapping[str, Any], template: Mapping[str, Any]) -> bool:
    """
    Whether a task was made from this version of the service.
    """
    made_from = task.get("Spec") or {}
    same = ("ContainerSpec", "ForceUpdate", "Networks")
    return all((made_from.get(key) or None) == (template.get(key) or None) for key in same)


def _restart_condition(spec: Mapping[str, Any]) -> str:
    return str((spec["TaskTemplate"].get("RestartPolicy") or {}).get("Condition", "any"))


def _states(tasks: Sequence[Mapping[str, Any]]) -> str:
    """
    What the tasks that do not run yet are doing: `, 1 starting`.
    """
    counts = Counter(task["Status"]["State"] for task in tasks if task["Status"]["State"] != "running")
    return "".join(f", {count} {state}" for state, count in sorted(counts.items()))
