"""
What the costs of an environment are judged by: settings or outputs, prices, and the newest reports.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ops import reports, stack
from ops.costs.advice import advise
from ops.costs.fleet import Fleet, from_outputs, from_settings
from ops.costs.refresh import read
from ops.costs.statement import statement
from settings import load, read_stack_config
from settings.prices import FILE


def collect(checkout: Path, name: str, *, is_deployed: bool) -> dict[str, Any]:
    """
    Everything that is said about the costs of a stack.

    Raises: SettingsError
    """
    fleet, prices = _fleet(checkout, name, is_deployed=is_deployed), read(FILE)
    hosts, drift = (_report(checkout, check, fleet.environment) for check in ("hosts", "drift"))
    return statement(fleet, prices, advise(fleet, prices, hosts, drift))


def _fleet(checkout: Path, name: str, *, is_deployed: bool) -> Fleet:
    if is_deployed:
        return from_outputs(stack.outputs(checkout, name, stack.environment(checkout)))
    return from_settings(load(name, checkout, read_stack_config(checkout, name)))


def _report(checkout: Path, check: str, environment: str) -> dict[str, Any] | None:
    """
    The newest report of a check; None where there is none that can be read, or it is about another environment.
    """
    try:
        found = json.loads(reports.path_of(checkout, check).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("environment") == environment else None
