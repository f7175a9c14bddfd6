"""
The global report from its beginning to what is kept of it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ops import report, reports
from ops.audit import collect, measures
from ops.audit.audit import Prepared, prepare
from ops.audit.rule import Check
from ops.audit.scene import Code, Documents, Journal, Scene
from ops.verdict import journals, kept
from ops.verdict.catalog import CHECKS
from ops.verdict.code import see_code
from ops.verdict.docs import see_documents
from ops.verdict.limits import examine

LIMIT_S = 300.0


def verdict(checkout: Path, name: str | None, checks: Sequence[Check], limit_s: float = LIMIT_S) -> dict[str, Any]:
    """
    Run these checks side by side and write `reports/`: one report for each check, and where all of them ran the global one, its
    history, metrics and log. A second run at the same time waits for the first. Returns the report on all of them.

    Raises: SettingsError, MissingToolError
    """
    with kept.alone(checkout):
        known = prepare(checkout, name, limit_s)
        seen: dict[type[Any], Any] = {}
        found = asyncio.run(_look(known, checks, limit_s, seen))
        for check in found:
            reports.write(checkout, check.name, report.document(known.origin, [check]))
        scene = collect.scene(known.outputs, known.wanted, seen)
        document = {**report.document(known.origin, found), "measures": measures.document(scene, seen)}
        if len(checks) == len(CHECKS):
            kept.keep(checkout, document)
        kept.note(checkout, kept.line(document))
    return document


async def _look(
    known: Prepared, checks: Sequence[Check], limit_s: float, seen: dict[type[Any], Any]
) -> list[report.CheckReport]:
    """
    What the checks say; what they looked at is in `seen` afterwards.
    """

    def scene_of(found: Mapping[type[Any], Any]) -> Scene:
        seen.update(found)
        return collect.scene(known.outputs, known.wanted, found)

    return await examine(
        checks, {**collect.looks(known.outputs, known.wanted, known.around), **_looks(known)}, scene_of, limit_s
    )


def _looks(known: Prepared) -> collect.Looks:
    """
    How the kinds of subjects are seen that an audit does not look at.
    """
    around, environment = known.around, known.settings.environment.name
    since_s = journals.since(around.checkout, environment, time.time())
    return {
        Code: lambda: asyncio.to_thread(see_code, around.checkout, known.settings, around.environment, around.engine_timeout_s),
        Documents: lambda: see_documents(around.checkout),
        Journal: lambda: journals.see_journals(known.outputs, around, since_s),
    }
