"""
Checks side by side: one that runs over or fails is UNKNOWN and says why, and costs the others nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import pytest

from ops.audit.rule import Check, Fault, warning
from ops.audit.scene import Cloud, Host, Record, Scene, Site
from ops.report import CheckReport, Status
from ops.verdict.limits import examine

OUTPUTS = {"environment": {"stack": "local"}}
LIMIT_S = 0.3


def scene_of(found: Mapping[type[Any], Any]) -> Scene:
    return Scene(now=0.0, outputs=OUTPUTS, wanted={}, hosts=found.get(Host, ()), sites=found.get(Site, ()))


def check(name: str, kind: type[Any], *, is_broken: bool = False) -> Check:
    made = Check(name=name, title=name)

    @made.rule("seen", kind, worst=Status.WARNING, holds="it is seen")
    def seen(subject: Any, scene: Scene) -> Iterator[Fault]:
        if is_broken:
            raise RuntimeError("a defect of the rule")
        yield warning(message="seen", evidence="", fix="true")

    return made


async def at_once() -> tuple[Host, ...]:
    return (Host(name="app-1", stack="local", address="127.0.0.1"),)


async def never() -> tuple[Site, ...]:
    await asyncio.sleep(60)
    return ()


async def fails() -> tuple[Record, ...]:
    raise OSError("the name server is gone")


WAYS: Mapping[type[Any], Callable[[], Awaitable[Any]]] = {Host: at_once, Site: never, Record: fails, Cloud: never}


def ran(*checks: Check) -> dict[str, CheckReport]:
    return {row.name: row for row in asyncio.run(examine(checks, WAYS, scene_of, LIMIT_S))}


def test_one_that_runs_over_is_unknown_and_the_others_are_told() -> None:
    """It costs its limit, and nobody waits longer."""
    started = time.monotonic()
    found = ran(check("hosts", Host), check("tls", Site))

    assert time.monotonic() - started < LIMIT_S + 1
    assert [(row.id, row.severity) for row in found["hosts"].findings] == [("hosts.seen", Status.WARNING)]
    (late,) = found["tls"].findings
    assert (late.id, late.severity, late.message) == ("tls.unfinished", Status.UNKNOWN, "it did not end within 0.3 s")
    assert late.fix == "flotilla report --only tls --timeout 0.6"


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (check("dns", Record), "it failed: OSError: the name server is gone"),
        (check("dns", Host, is_broken=True), "it failed: RuntimeError: a defect of the rule"),
    ],
    ids=["looking", "judging"],
)
def test_one_that_fails_is_unknown_and_says_why(broken: Check, said: str) -> None:
    """Whether what it looks at or the check itself is to blame; never OK."""
    found = ran(check("hosts", Host), broken)

    assert found["hosts"].status is Status.WARNING
    (finding,) = found["dns"].findings
    assert (finding.id, finding.severity, finding.message) == ("dns.failed", Status.UNKNOWN, said)
    assert found["dns"].held == 0
