"""
Check `prod`: what production's own logs say since the last run.
"""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Iterator
from typing import Any

from hosts.probe.logs import STEP
from ops.audit.rule import Check, Fault, critical, degraded, unknown, warning
from ops.audit.scene import Journal, Scene, Served
from ops.report import Status

CHECK = Check(name="prod", title="Visitors are served as was promised, by the logs since the last run")

FEWEST_REQUESTS = 20
"""Of fewer, a share says nothing."""
FAILED_DEGRADED, FAILED_CRITICAL = 3, 10
"""One request that failed is no trend, whatever its share."""
TIMES_CRITICAL = 10.0
"""How many times as many requests as the promise allows may fail: at ten times, a month's allowance is gone in three days."""
ERRORS_DEGRADED = 10
RESTARTS_DEGRADED = 3
MEMORY_FACTOR, MEMORY_STEP_MB = 1.5, 32
BYTES_PER_MB = 1024**2
SHARE = 0.95
"""Of 100 requests, 95 are answered within the promised time (settings: `slo.latency_ms`)."""


@CHECK.rule("out-of-memory", Served, worst=Status.CRITICAL, holds="no container was stopped at its memory limit")
def out_of_memory(served: Served, scene: Scene) -> Iterator[Fault]:
    """
    Once may be a mistake of one request; twice is a limit that is too low, or a leak. What was stopped at a lower limit than is
    declared now has been seen to already.
    """
    processes = scene.outputs["projects"][served.name]["processes"]
    main = next(iter(processes), "")
    for process, rows in _by_process(served).items():
        declared_mb = processes.get(process, processes.get(main, {})).get("memory_mb", 0)
        killed = [row for row in rows if row["is_oom_killed"] and row["memory_bytes"] // BYTES_PER_MB >= declared_mb]
        if killed:
            limit_mb = max(row["memory_bytes"] for row in killed) // BYTES_PER_MB
            make = degraded if len(killed) == 1 else critical
            yield make(
                at=process,
                message=f"it was stopped {_times(len(killed))} at its memory limit of {limit_mb} MB",
                evidence=f"OOMKilled: {', '.join(row['name'] for row in killed[:3])}",
                fix=_more_memory(served.name, process, limit_mb, is_main=process not in processes or process == main),
            )


def _more_memory(project: str, process: str, limit_mb: int, *, is_main: bool) -> str:
    """
    The command that edits the project's file: half as much again, in steps of 32 MB. A migration has the main process' limit.
    """
    new_mb = math.ceil(limit_mb * MEMORY_FACTOR / MEMORY_STEP_MB) * MEMORY_STEP_MB
    key = "limits.memory_mb" if is_main else f"processes.{process}.limits.memory_mb"
    return shlex.join(["flotilla", "project", "set", project, key, str(new_mb)])


@CHECK.rule("restarts", Served, worst=Status.DEGRADED, holds="no container ended by itself with an error")
def restarts(served: Served, scene: Scene) -> Iterator[Fault]:
    """
    Those that were stopped end with 0, or with 143 as the signal to stop says.
    """
    for process, rows in _by_process(served).items():
        ended = [
            row for row in rows if row["status"] == "exited" and row["exit_code"] not in (0, 143) and not row["is_oom_killed"]
        ]
        if ended:
            make = degraded if len(ended) >= RESTARTS_DEGRADED else warning
            codes = Counter(row["exit_code"] for row in ended)
            yield make(
                at=process,
                message=f"its containers ended {_times(len(ended))} with an error",
                evidence=", ".join(f"exit code {code} {_times(count)}" for code, count in sorted(codes.items())),
                fix=_look(scene, ended[-1]["host"], ended[-1]["name"]),
            )


@CHECK.rule("errors", Served, worst=Status.DEGRADED, holds="no container tells of errors")
def errors(served: Served, scene: Scene) -> Iterator[Fault]:
    """
    By the level or the error's name in its lines; the lines themselves stay where they are.
    """
    for process, rows in _by_process(served).items():
        kinds: Counter[str] = Counter()
        for row in rows:
            kinds.update(row["errors"])
        if kinds:
            make = degraded if kinds.total() >= ERRORS_DEGRADED else warning
            worst = max(rows, key=lambda row: sum(row["errors"].values()))
            yield make(
                at=process,
                message=f"it tells of {kinds.total()} errors in {sum(row['lines'] for row in rows)} lines",
                evidence=", ".join(f"{kind} {_times(count)}" for kind, count in kinds.most_common(5)),
                fix=_look(scene, worst["host"], worst["name"]),
            )


@CHECK.rule("failing", Served, worst=Status.CRITICAL, holds="no more requests fail than the project's promise allows")
def failing(served: Served, scene: Scene) -> Iterator[Fault]:
    """
    Answers of 500 and more, as the way in saw them.
    """
    slo, requests = _promise(served, scene), served.see("requests")
    if not slo or requests["count"] < FEWEST_REQUESTS:
        return
    share, allowed = requests["failed"] / requests["count"], 1 - slo["availability_percent"] / 100
    if share > allowed:
        is_critical = share > allowed * TIMES_CRITICAL and requests["failed"] >= FAILED_CRITICAL
        make = critical if is_critical else degraded if requests["failed"] >= FAILED_DEGRADED else warning
        yield make(
            message=f"{share:.2%} of the requests failed, and {allowed:.2%} may",
            evidence=f"{requests['failed']} of {requests['count']} requests were answered with 500 or more",
            fix=_show_releases(served, scene),
        )


def _show_releases(served: Served, scene: Scene) -> str:
    return shlex.join(["flotilla", "release", "list", served.name, "-s", scene.stack])


@CHECK.rule("slow", Served, worst=Status.DEGRADED, holds="95 of 100 requests are answered within the promised time")
def slow(served: Served, scene: Scene) -> Iterator[Fault]:
    """
    Warning above the promise, degraded above twice of it.
    """
    slo, requests = _promise(served, scene), served.see("requests")
    if not slo or requests["count"] < FEWEST_REQUESTS:
        return
    took_ms = at_share(requests["steps"], SHARE)
    if took_ms > slo["latency_ms"] * STEP:
        make = degraded if took_ms > 2 * slo["latency_ms"] else warning
        yield make(
            message=f"95 of 100 requests are answered within {took_ms:.0f} ms, and {slo['latency_ms']:.0f} ms are promised",
            evidence=f"{requests['count']} requests; times are known to a tenth",
            fix=_show_releases(served, scene),
        )


@CHECK.rule("unread", Journal, worst=Status.UNKNOWN, holds="all that was written could be read")
def unread(journal: Journal, scene: Scene) -> Iterator[Fault]:
    """
    A log that is too long to be read in time is known in part only.
    """
    logs = journal.see("logs") or {"containers": [], "is_cut": False}
    for name in [row["name"] for row in logs["containers"] if row["is_cut"]] + ["caddy"] * bool(logs["is_cut"]):
        yield unknown(
            at=name,
            message="its log was read in part only: it is too long",
            evidence="",
            fix=journal.command("docker", "ps", "--size", "--filter", f"name={name}"),
        )


def at_share(steps: dict[str, int], share: float) -> float:
    """
    The time in milliseconds within which this share of requests was answered, to a tenth more than it was.
    """
    left = math.ceil(sum(steps.values()) * share)
    for step, count in sorted((int(step), count) for step, count in steps.items()):
        left -= count
        if left <= 0:
            return float(STEP**step)
    return 0.0


def _promise(served: Served, scene: Scene) -> dict[str, Any] | None:
    """
    What is promised; nothing while visitors are told that the project is being worked on.
    """
    project = scene.outputs["projects"][served.name]
    return None if project["maintenance"] else project.get("slo")


def _by_process(served: Served) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in served.see("containers"):
        found.setdefault(row["process"], []).append(row)
    return dict(sorted(found.items()))


def _look(scene: Scene, host: str, name: str) -> str:
    return shlex.join(["flotilla", "host", "ssh", "-s", scene.stack, host, "--", "docker", "logs", "--tail", "50", name])


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
