"""
What a runbook is filled with, read from the checkout: settings, and reports of operations. No engine, no network.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.dossier.words import Language
from ops.runbooks.durations import Duration, measured
from ops.runbooks.names import Names, of
from settings import load, read_stack_config


@dataclass(frozen=True, kw_only=True)
class Known:
    """
    Names, {operation: how long it took}, and the language that the environment's documents are in.
    """

    names: Names
    durations: Mapping[str, Duration]
    language: Language


def collect(checkout: Path, stack: str) -> Known:
    """
    Raises: SettingsError
    """
    settings = load(stack, checkout, read_stack_config(checkout, stack))
    return Known(
        names=of(settings),
        durations=measured(_operations(checkout), stack),
        language=settings.language,
    )


def _operations(checkout: Path) -> Iterator[dict[str, Any]]:
    """
    What cannot be read says nothing.
    """
    for path in sorted((checkout / "reports" / "operations").glob("*.json")):
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(found, dict):
            yield found
