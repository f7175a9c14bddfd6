"""
Checks side by side, each with its time limit: one that runs over, or fails, is UNKNOWN and says why.
"""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ops.audit.audit import judge
from ops.audit.collect import Begun, Looks, begin
from ops.audit.rule import Check, printable
from ops.audit.scene import Scene
from ops.report import CheckReport, Finding, Status

SceneOf = Callable[[Mapping[type[Any], Any]], Scene]


async def examine(checks: Sequence[Check], ways: Looks, scene_of: SceneOf, limit_s: float) -> list[CheckReport]:
    """
    Look once at each kind of thing that these checks ask for, and judge each check as soon as it has what it needs. What is
    still being looked at when the last check is done is given up.
    """
    begun = begin(ways, {rule.subject for check in checks for rule in check.rules})
    try:
        return list(await asyncio.gather(*(_limited(check, begun, scene_of, limit_s) for check in checks)))
    finally:
        for look in begun.values():
            look.cancel()


async def _limited(check: Check, begun: Begun, scene_of: SceneOf, limit_s: float) -> CheckReport:
    started = time.monotonic()
    try:
        async with asyncio.timeout(limit_s):
            seen = {kind: await asyncio.shield(begun[kind]) for kind in _kinds(check, begun)}
        scene = scene_of({kind: result for kind, (result, _) in seen.items()})
        return judge(check, scene, {kind: seconds for kind, (_, seconds) in seen.items()})
    except TimeoutError:
        fix = shlex.join(["flotilla", "report", "--only", check.name, "--timeout", f"{2 * limit_s:g}"])
        return _unknown(check, "unfinished", f"it did not end within {limit_s:g} s", fix, started)
    except Exception as error:  # whatever it is, the other checks are told all the same
        said = f"it failed: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
        fix = shlex.join(["flotilla", "--verbose", "report", "--only", check.name])
        return _unknown(check, "failed", said, fix, started)


def _kinds(check: Check, begun: Begun) -> list[type[Any]]:
    asked = {rule.subject for rule in check.rules}
    return [kind for kind in begun if kind in asked]


def _unknown(check: Check, name: str, message: str, fix: str, started: float) -> CheckReport:
    finding = Finding(
        id=f"{check.name}.{name}",
        severity=Status.UNKNOWN,
        resource=check.name,
        message=printable(message),
        evidence="",
        fix=fix,
    )
    return CheckReport(name=check.name, duration_s=time.monotonic() - started, findings=(finding,), held=0)
