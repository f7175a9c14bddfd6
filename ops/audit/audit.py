"""
An audit from its beginning to its report.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import git, report, reports, stack
from ops.audit import drift, hosts, wanted
from ops.audit.collect import ENGINE_TIMEOUT_S, HOST_TIMEOUT_S, Surroundings, collect
from ops.audit.rule import Check, run
from ops.audit.scene import Scene
from ops.errors import SettingsError
from settings import Settings, load, read_stack_config
from settings.stacks import is_sandbox

# Checks that note figures by the way, for others to read in their reports.
MEASURES = {"hosts": hosts.measures, "drift": drift.measures}


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """
    What looking starts from: the stack's settings and outputs, what settings say beside them, and what looking needs.
    """

    settings: Settings
    outputs: Mapping[str, Any]
    wanted: Mapping[str, Any]
    around: Surroundings
    origin: report.Origin


def audit(checkout: Path, name: str | None, checks: Sequence[Check]) -> dict[str, Any]:
    """
    Look at everything that these checks ask for, judge it, and write the reports: one for each check in `reports/`. Returns the
    report on all of them.

    Raises: SettingsError, MissingToolError
    """
    known = prepare(checkout, name)
    found = asyncio.run(examine(known.outputs, known.wanted, known.around, checks))
    for check in found:
        reports.write(checkout, check.name, report.document(known.origin, [check]))
    return report.document(known.origin, found)


def prepare(checkout: Path, name: str | None, limit_s: float | None = None) -> Prepared:
    """
    Ask the engine what the stack is. `limit_s`: no look takes longer.

    Raises: SettingsError, MissingToolError
    """
    known = stack.environment(checkout)
    outputs = stack.outputs(checkout, name, known)
    name = outputs["environment"]["stack"]
    config = config_of(checkout, name, known)
    settings = load(name, checkout, config)
    around = Surroundings(
        checkout=checkout,
        environment=known,
        private_key=wanted.private_key(settings),
        authority=wanted.authority(settings),
        name_server=name_server_of(checkout, settings.stack),
        timeout_s=min(HOST_TIMEOUT_S, limit_s or HOST_TIMEOUT_S),
        engine_timeout_s=limit_s or ENGINE_TIMEOUT_S,
    )
    asked = wanted.wanted(settings, key_of(config))
    return Prepared(
        settings=settings,
        outputs=outputs,
        wanted=asked,
        around=around,
        origin=origin_of(checkout, settings.environment.name, stack.deployed_revision(checkout, name, known)),
    )


def config_of(checkout: Path, name: str, known: Mapping[str, str]) -> dict[str, Any]:
    """
    The stack's values, with secrets in plain where whoever asks may read them: without, less can be said, and that is said.
    """
    try:
        return stack.config(checkout, name, known)
    except SettingsError:
        return read_stack_config(checkout, name)


def key_of(config: Mapping[str, Any]) -> str:
    found = config.get("secrets", {}).get("key")
    return found if isinstance(found, str) else ""


async def examine(
    outputs: Mapping[str, Any], asked: Mapping[str, Any], around: Surroundings, checks: Sequence[Check]
) -> list[report.CheckReport]:
    """
    See, then judge. Nothing is written.
    """
    kinds = {rule.subject for check in checks for rule in check.rules}
    scene, seconds = await collect(outputs, asked, around, kinds)
    return [judge(check, scene, seconds) for check in checks]


def judge(check: Check, scene: Scene, seconds: Mapping[type[Any], float]) -> report.CheckReport:
    """
    One check's report. Its time is that of the slowest look that it waited for, and of its rules.
    """
    started = time.monotonic()
    findings, held = run(check, scene)
    looked_s = max((seconds.get(rule.subject, 0.0) for rule in check.rules), default=0.0)
    duration_s = looked_s + time.monotonic() - started
    return report.CheckReport(
        name=check.name,
        duration_s=duration_s,
        findings=report.in_order(findings),
        held=held,
        measures=MEASURES[check.name](scene) if check.name in MEASURES else {},
    )


def name_server_of(checkout: Path, name: str) -> tuple[str, int] | None:
    """
    The sandbox's, which answers for all of its zones.
    """
    if not is_sandbox(name):
        return None
    from sandbox import addresses, instance

    found = instance.load(checkout)
    return (found.services_ip, addresses.DNS_PORT) if found else None


def origin_of(checkout: Path, environment: str, deployed: str | None = None) -> report.Origin:
    """
    What a report is of; commit and branch are empty where the checkout is no repository.
    """
    commit, branch = (git.known(checkout, "rev-parse", *words).strip() for words in (["HEAD"], ["--abbrev-ref", "HEAD"]))
    return report.Origin(environment=environment, commit=commit, branch=branch, deployed_revision=deployed)
