"""
Exceptions that somebody answers for until a date: `waivers` in the environment's settings.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

FIELDS = ("rule", "resource", "reason", "owner", "until")


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """
    `resource` is a resource's name or a glob over names (`stack` for what is said of the whole stack); `until` is the last day
    on which it holds, None when it was not a date.
    """

    rule: str
    resource: str
    reason: str
    owner: str
    until: date | None

    def covers(self, rule: str, resource_name: str) -> bool:
        """
        Whether it is meant for this finding, whatever the day.
        """
        return self.rule == rule and fnmatchcase(resource_name, self.resource)

    def why_not(self, today: date) -> str:
        """
        Why it excuses nothing on this day; empty when it does.
        """
        if self.until is None:
            return "it has no end date"
        if today > self.until:
            return f"it ended on {self.until}"
        return "" if self.resource and self.reason and self.owner else "it lacks its resource, reason or owner"


def waivers_of(config: Mapping[str, str]) -> tuple[Waiver, ...]:
    """
    The waivers in a stack's configuration as the engine hands it to packs. What the settings refuse is read as a waiver that
    does not hold: the program says what is wrong with it.
    """
    try:
        environment = json.loads(config.get("flotilla:environment", "{}"))
    except ValueError:
        return ()
    entries = environment.get("waivers") if isinstance(environment, dict) else None
    return tuple(_waiver(entry) for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()


def _waiver(entry: Mapping[str, Any]) -> Waiver:
    words = {name: str(entry.get(name) or "") for name in FIELDS}
    try:
        # A date in YAML reaches us as `2026-12-31 00:00:00 +0000 UTC`.
        until = date.fromisoformat(words.pop("until")[:10])
    except ValueError:
        return Waiver(**words, until=None)
    return Waiver(**words, until=until)
