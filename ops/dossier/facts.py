"""
What a dossier is made from. `ops.dossier.collect` reads it; everything after that is a pure function of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from ops.dossier.words import Language
from policies.framework import Pack
from settings import Settings
from settings.care import Waiver


@dataclass(frozen=True, kw_only=True)
class Report:
    """
    A report as it was kept. `when` is None where it does not say.
    """

    name: str
    when: datetime | None
    document: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """
    Everything that is known about one environment. `outputs` is the stack's document (components/outputs_shape.py), and None
    where there is none that can be read: `outputs_problem` is then why, as a sentence. `reports` are the newest, by the name of
    their check (`hosts`, `data`, ...; `global` is all of them); `operations` are the reports of what was done, `history` the
    lines of the audit log, both oldest first. `statement` is what `ops.costs` says. `problems` are sentences about what could
    not be read. `decisions` are those of docs/adr, {file: title}. `as_of` is the newest day that any of this is of, and None where nothing is dated: no clock is asked.
    """

    settings: Settings
    outputs: Mapping[str, Any] | None
    outputs_problem: str
    packs: tuple[Pack, ...]
    statement: Mapping[str, Any]
    reports: Mapping[str, Report] = field(default_factory=dict)
    operations: tuple[Report, ...] = ()
    history: tuple[Mapping[str, Any], ...] = ()
    problems: tuple[str, ...] = ()
    decisions: Mapping[str, str] = field(default_factory=dict)

    @property
    def stack(self) -> str:
        """
        The environment's name.
        """
        return self.settings.stack

    @property
    def language(self) -> Language:
        """
        What the pages are written in.
        """
        return self.settings.language

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """
        Rules that do not count for a while.
        """
        return self.settings.environment.waivers

    @property
    def as_of(self) -> date | None:
        """
        The newest day that reports, history and prices are of.
        """
        days = [
            *(found.when.astimezone(UTC).date() for found in (*self.reports.values(), *self.operations) if found.when),
            *(found for line in self.history if (found := day_of(line.get("at")))),
        ]
        priced = day_of(self.statement.get("prices", {}).get("priced_on"))
        return max([*days, *([priced] if priced else [])], default=None)

    def server(self, name: str) -> Mapping[str, Any]:
        """
        What the outputs say of a server; empty where they do not know it.
        """
        return dict(((self.outputs or {}).get("servers") or {}).get(name) or {})


def moment_of(value: object) -> datetime | None:
    """
    A time as reports and the history write it; None for what is none. Without a zone it is UTC.
    """
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found and found.tzinfo is None else found


def day_of(value: object) -> date | None:
    """
    The day of a time, in UTC.
    """
    found = moment_of(value)
    return found.astimezone(UTC).date() if found else None
