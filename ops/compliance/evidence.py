"""
What an assessment is made from, and what one piece of evidence says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

from ops.compliance.control import Need
from policies.framework import AnyRule, Pack
from settings import Settings

REPORT_AGE = timedelta(days=7)
APPLY_AGE = timedelta(days=31)
# Clocks of two machines may differ by this much; a record from later than that proves nothing.
AHEAD = timedelta(minutes=10)


class State(StrEnum):
    """
    What a piece of evidence says of what it was asked. `WAIVED`: it is not so, and somebody answers for that until a day.
    """

    HELD = "held"
    WAIVED = "waived"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Piece:
    """
    One answer: `said` is the fact, `source` where a reader can check it, `when` the time it is of, empty where it has none.
    `is_grave`: a control that rests on it is not met at all where it is broken.
    """

    need: Need
    name: str
    state: State
    said: str
    source: str
    when: str = ""
    is_grave: bool = True


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """
    Everything that is known. `reports` are the newest of this environment, by check (`global`: all of them); `history` is its
    audit log, and `history_problems` what is wrong with that, None where nobody could look. `plan` is a saved plan that was
    made for just these settings.
    """

    settings: Settings
    packs: tuple[Pack, ...]
    now: datetime
    reports: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    history: tuple[Mapping[str, Any], ...] = ()
    history_problems: tuple[str, ...] | None = None
    plan: Mapping[str, Any] | None = None

    @cached_property
    def rules(self) -> Mapping[str, tuple[Pack, AnyRule]]:
        """
        {id of a policy: (its pack, the rule)}.
        """
        return {rule.id: (pack, rule) for pack in self.packs for rule in pack.rules}

    def last_applied(self) -> Mapping[str, Any] | None:
        """
        The newest line that tells of everything being brought out with success.
        """
        done = (line for line in reversed(self.history) if (line.get("event"), line.get("status")) == ("ended", "done"))
        return next((line for line in done if line.get("operation") == "apply" and not _takes_away(line)), None)

    def age_problem(self, when: object, limit: timedelta) -> str:
        """
        Why something of this time proves nothing now; empty where it does.
        """
        found = moment(when)
        if found is None:
            return "it does not say when it was made"
        if found > self.now + AHEAD:
            return f"it is of {found:%Y-%m-%d %H:%M}, which is still to come"
        days = (self.now - found).days
        return f"it is {days} days old, and counts for {limit.days}" if self.now - found > limit else ""


def _takes_away(line: Mapping[str, Any]) -> bool:
    return str(line.get("what", "")).startswith("Destroy")


def moment(value: object) -> datetime | None:
    """
    A time as reports and the history write it; None for what is none. Without a zone it is UTC.
    """
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found
