"""
Looking at everything at once: each server in one round trip, sites and names from here, and what was changed before.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hosts.diagnosis.script import script
from ops import git, report, ssh, stack
from ops.audit import audit, collect
from ops.audit.catalog import CHECKS
from ops.audit.scene import Host
from ops.errors import FlotillaError, SettingsError
from ops.incidents.asking import asked
from ops.secrecy import Filter, databases, filter_of

TIMEOUT_S = 60.0
CHANGES = 50


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """
    What was seen. `hide` takes secrets out of texts; None where the secrets are not known, so that no text may be kept. `notes`
    say what could not be looked at.
    """

    now: float
    outputs: Mapping[str, Any]
    hosts: tuple[Host, ...]
    report: Mapping[str, Any]
    commits: Sequence[Mapping[str, Any]]
    operations: Sequence[Mapping[str, Any]]
    hide: Filter | None
    notes: tuple[str, ...]


def gather(checkout: Path, name: str, project: str | None, since_s: int) -> Gathered:
    """
    Everything that can be seen now.

    Raises: SettingsError, MissingToolError where nothing can be said of the stack at all.
    """
    known = stack.environment(checkout)
    prepared = audit.prepare(checkout, name)
    outputs, settings = prepared.outputs, prepared.settings
    if project is not None and project not in outputs["projects"]:
        there = ", ".join(sorted(outputs["projects"])) or "none"
        raise SettingsError(f"--project: {project} is not served in {name}. Nothing was done. There are: {there}.")
    config = audit.config_of(checkout, name, known)
    around = replace(prepared.around, timeout_s=TIMEOUT_S)
    now = time.time()
    hosts, checks = asyncio.run(_look(outputs, prepared.wanted, around, project, int(now) - since_s))
    operations, problems = _operations(checkout, name, known)
    hide = filter_of(config, databases(settings), known)
    notes = [f"{host.name}: it did not answer: {host.problem}" for host in hosts if host.problem]
    notes += [
        f"{host.name}: {section}: {row['error']}" for host in hosts for section, row in host.sections.items() if "error" in row
    ]
    if hide is None:
        notes.append("the stack's secrets cannot be read here, so that no log could be freed of them: logs were left out")
    return Gathered(
        now=now,
        outputs=outputs,
        hosts=hosts,
        report=report.document(prepared.origin, checks),
        commits=commits(checkout),
        operations=operations,
        hide=hide,
        notes=(*notes, *problems),
    )


async def _look(
    outputs: Mapping[str, Any], asked_for: Mapping[str, Any], around: collect.Surroundings, project: str | None, since: int
) -> tuple[tuple[Host, ...], list[report.CheckReport]]:
    """
    The servers' documents, and what the audit says of them and of everything that is seen from here.
    """
    kinds = {rule.subject for check in CHECKS.values() for rule in check.rules} - {Host}
    started = time.monotonic()
    hosts, (scene, seconds) = await asyncio.gather(
        _see_hosts(outputs, around, project, since), collect.collect(outputs, asked_for, around, kinds)
    )
    whole = replace(scene, hosts=hosts, now=time.time())
    took = {**seconds, Host: time.monotonic() - started}
    return hosts, [audit.judge(check, whole, took) for check in CHECKS.values()]


async def _see_hosts(
    outputs: Mapping[str, Any], around: collect.Surroundings, project: str | None, since: int
) -> tuple[Host, ...]:
    async def one(name: str, row: Mapping[str, Any]) -> Host:
        host = collect.host_of(outputs["environment"]["stack"], name, row)
        target = ssh.Target(name=host.name, address=host.address, host_key=host.host_key)
        text, at = script(asked(outputs, name, project, since)), time.time()
        answers = await ssh.run_everywhere(
            [target], collect.COMMAND, stdin=text, private_key=around.private_key, timeout_s=around.timeout_s
        )
        return await collect.with_ports(collect.answered(host, answers[name], at))

    return tuple(await asyncio.gather(*(one(name, row) for name, row in sorted(outputs["servers"].items()))))


def commits(checkout: Path) -> list[dict[str, Any]]:
    """
    The last commits here, each with what it touched; none where the checkout is no repository.
    """
    form = "%x1e%H%x1f%ct%x1f%an%x1f%s"
    found = []
    for entry in git.known(checkout, "log", f"-{CHANGES}", f"--format={form}", "--name-only").split("\x1e")[1:]:
        head, _, files = entry.partition("\n")
        commit, at, author, subject = head.split("\x1f")
        found.append({"commit": commit, "time": int(at), "author": author, "subject": subject, "files": files.split()})
    return found


def _operations(checkout: Path, name: str, known: Mapping[str, str]) -> tuple[list[dict[str, Any]], list[str]]:
    """
    What Flotilla and the engine did last, and why it is not known.
    """
    from ops import history, shelf

    found: list[dict[str, Any]] = []
    notes = []
    try:
        found += [{**row, "by": "flotilla"} for row in history.read(shelf.of(checkout, name, known))[-2 * CHANGES :]]
    except FlotillaError as error:
        notes.append(f"history: {error}")
    answer = stack.engine(["stack", "history", "--json", "--stack", name, "--page-size", f"{CHANGES}"], checkout, known)
    if answer.returncode == 0:
        keys = ("kind", "startTime", "message", "result", "resourceChanges")
        found += [{**{key: row.get(key) for key in keys}, "by": "pulumi"} for row in json.loads(answer.stdout or "[]")]
    else:
        notes.append(f"the engine's history: {' '.join(answer.stderr.split())[:200]}")
    return found, notes
