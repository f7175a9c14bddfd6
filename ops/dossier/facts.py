"""
What a dossier is made from. `ops.dossier.collect` reads it; everything after that is a pure function of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from ops.dossier.words import Language, Words
from ops.events import Violation
from policies.framework import Pack
from settings import Settings
from settings.care import Waiver

NOT_ASKED = Words(
    en="the stack was not asked, this dossier is of the settings alone (`--declared`)",
    fr="la pile n'a pas été interrogée, ce dossier ne porte que sur les réglages (`--declared`)",
)
UNDATED = Words(en="at a time that it does not say", fr="à un moment qu'il ne dit pas")
OLDER = Words(en="{days} days older than the newest fact here", fr="{days} jours de plus que le fait le plus récent ici")


@dataclass(frozen=True, kw_only=True)
class Report:
    """
    A report as it was kept. `when` is None where it does not say.
    """

    name: str
    when: datetime | None
    document: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """
    What an offline preview said. `resources` is {type: how many}; `findings` are those of the policy packs; `outputs` is the
    stack's document as it is planned, with `sandbox.engine_events.UNKNOWN` for what only an update brings.
    """

    resources: Mapping[str, int]
    findings: tuple[Violation, ...]
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """
    Everything that is known about one environment. `outputs` is the stack's document (components/outputs_shape.py), and None
    where there is none: `outputs_problem` is then why, as a sentence, where somebody asked for them. `reports` are the newest,
    by the name of their check (`hosts`, `data`, ...; `global` is all of them); `operations` are the reports of what was done,
    `history` the lines of the audit log, both oldest first; `history_problems` is what is wrong with it, None where it was not
    read. `statement` is what `ops.costs` says; `decisions` are those of docs/adr, {file: title}. `problems` are sentences about
    what could not be read. `checkout` is the way from the dossier's folder to the checkout, for links. `is_declared`: nothing
    but the settings was asked. `preview` is None where none was made; `is_planned`: the outputs are its, because there are no
    others. `compared_with` are the settings of the environment that this one's releases come from, if there is one.
    """

    settings: Settings
    outputs: Mapping[str, Any] | None
    outputs_problem: str
    packs: tuple[Pack, ...]
    statement: Mapping[str, Any]
    reports: Mapping[str, Report] = field(default_factory=dict)
    operations: tuple[Report, ...] = ()
    history: tuple[Mapping[str, Any], ...] = ()
    history_problems: tuple[str, ...] | None = None
    problems: tuple[str, ...] = ()
    decisions: Mapping[str, str] = field(default_factory=dict)
    checkout: str = "../../.."
    is_declared: bool = False
    preview: Preview | None = None
    is_planned: bool = False
    compared_with: Settings | None = None

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
        The newest day that reports, history and prices are of: no clock is asked. None where nothing is dated.
        """
        days = [
            *(found.when.astimezone(UTC).date() for found in (*self.reports.values(), *self.operations) if found.when),
            *(found for line in self.history if (found := day_of(line.get("at")))),
        ]
        priced = day_of(self.statement.get("prices", {}).get("priced_on"))
        return max([*days, *([priced] if priced else [])], default=None)

    @property
    def there(self) -> Mapping[str, Any] | None:
        """
        The outputs of what is there already; None where nothing is, or it is only planned.
        """
        return None if self.is_planned else self.outputs

    @property
    def why_no_outputs(self) -> str:
        """
        Why there are none, in the middle of a sentence; empty where there are some.
        """
        if self.outputs is not None:
            return ""
        return NOT_ASKED.of(self.language) if self.is_declared else self.outputs_problem.rstrip(". ")

    def server(self, name: str) -> Mapping[str, Any]:
        """
        What the outputs say of a server; empty where they do not know it.
        """
        return dict(((self.outputs or {}).get("servers") or {}).get(name) or {})

    def moment(self, found: Report) -> str:
        """
        When a report was made, for people, and how much older than the newest fact it is.
        """
        if found.when is None:
            return UNDATED.of(self.language)
        when = found.when.astimezone(UTC)
        days = (self.as_of - when.date()).days if self.as_of else 0
        text = when.strftime("%Y-%m-%d %H:%M UTC")
        return f"{text} ({OLDER.of(self.language).format(days=days)})" if days > 0 else text


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
