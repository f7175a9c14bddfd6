"""
Reading what an assessment is made from: settings, kept reports, the audit log, a saved plan. Asks no server anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ops import history, reports, saved_plan, shelf, world
from ops import stack as stacks
from ops.audit.audit import config_of
from ops.audit.catalog import CHECKS
from ops.compliance.evidence import Evidence, moment
from ops.errors import FlotillaError, SettingsError
from ops.page import records
from ops.secrecy import Filter, databases, filter_of
from policies.catalog import packs
from settings import Settings, load, read_stack_config


def collect(checkout: Path, stack: str, now: datetime, plan: Path | None = None) -> Evidence:
    """
    Everything that is kept about a stack. What cannot be read is unknown, and no error.

    Raises: SettingsError for wrong settings, and for a plan that is not of these settings.
    """
    settings = load(stack, checkout, read_stack_config(checkout, stack))
    lines, problems = _history(checkout, stack)
    return Evidence(
        settings=settings,
        packs=packs(),
        now=now,
        reports=newest(settings.environment.name, documents(checkout, settings.environment.name, now, CHECKS)),
        history=lines,
        history_problems=problems,
        plan=_plan(checkout, stack, plan) if plan else None,
    )


def _history(checkout: Path, stack: str) -> tuple[tuple[dict[str, Any], ...], tuple[str, ...] | None]:
    try:
        kept = shelf.of(checkout, stack, stacks.environment(checkout))
        return tuple(history.read(kept)), tuple(history.verify(kept))
    except (FlotillaError, OSError):
        return (), None


def documents(checkout: Path, environment: str, now: datetime, checks: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """
    Reports of one of these checks, and of all: also those that another stack's have taken the place of.
    """
    for name in checks:
        try:
            yield json.loads(reports.path_of(checkout, name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
    kept = records.collect(checkout, environment, now.timestamp() - 30 * records.DAY_S)
    yield from (*kept.runs, *([kept.report] if kept.report else []))


def newest(environment: str, documents: Iterable[Any]) -> dict[str, Mapping[str, Any]]:
    """
    The newest report of each check in this environment; `global` is the newest of all checks together. Pure.
    """
    found: dict[str, tuple[datetime, Mapping[str, Any]]] = {}
    for document in documents:
        when = moment(document.get("timestamp")) if isinstance(document, Mapping) else None
        if when is None or document.get("environment") != environment or not isinstance(document.get("checks"), Mapping):
            continue
        names = [*document["checks"], *(["global"] if CHECKS.keys() <= document["checks"].keys() else [])]
        for name in names:
            if name not in found or when >= found[name][0]:
                found[name] = (when, document)
    return {name: document for name, (_, document) in sorted(found.items())}


def _plan(checkout: Path, stack: str, path: Path) -> dict[str, Any]:
    """
    Raises: SettingsError where it is no plan, or not one of everything in this stack as its settings are now.
    """
    found = saved_plan.read(path)
    is_whole = not found.get("targets") and not found.get("is_destroy")
    if found.get("stack") != stack or not is_whole:
        said = f"is of {found.get('stack')}" if found.get("stack") != stack else "is not of everything"
        raise SettingsError(
            f"{path}: this plan {said}. Nothing was judged. Run `flotilla plan -s {stack} --save {path}` without more."
        )
    if found["world"].get("settings") != world.digest_of_settings(checkout, stack):
        raise SettingsError(
            f"{path}: the settings or releases are not those that this plan was made for. Nothing was judged. "
            f"Run `flotilla plan -s {stack} --save {path}` again."
        )
    return found


def hiding(checkout: Path, settings: Settings) -> Filter | None:
    """
    What takes this stack's secrets out of texts; None where they cannot be read here.
    """
    try:
        known = stacks.environment(checkout)
        return filter_of(config_of(checkout, settings.stack, known), databases(settings), known)
    except (FlotillaError, OSError):
        return None
