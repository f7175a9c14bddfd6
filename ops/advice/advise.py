"""
All proposals about an environment, each tried, with what it costs; and what was not proposed, with why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from ops.advice import promises, releasing, scaling, shape
from ops.advice.proposal import Change, Proposal, Question, Situation
from ops.costs.bill import bill, cents, difference
from ops.costs.fleet import from_settings
from settings import Settings

SCHEMA = 1
# What the settings become by changes; what would be wrong with them where they are refused.
Attempt = Callable[[Sequence[Change]], Settings | list[str]]


@dataclass(frozen=True, kw_only=True)
class Tried:
    """
    A proposal that settings accept. `eur` is what it adds per month; None where a price is not known.
    """

    proposal: Proposal
    eur: Decimal | None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """
    What would have been proposed, and why it is not.
    """

    proposal: Proposal
    why: str


def propose(situation: Situation) -> tuple[Proposal, ...]:
    """
    Everything that settings and reports suggest, untried: pure. Whoever shows it tries it first.
    """
    modules = (releasing.propose, shape.propose, scaling.propose, promises.propose)
    return tuple(found for make in modules for found in make(situation))


def questions(situation: Situation) -> tuple[Question, ...]:
    """
    What only people can answer.
    """
    return (*shape.questions(situation), *scaling.questions(situation))


def tried(situation: Situation, proposals: Iterable[Proposal], attempt: Attempt) -> tuple[Tried | Refused, ...]:
    """
    Each of them by itself against the settings, and against the budget.
    """
    return tuple(_tried(situation, proposal, attempt(proposal.changes)) for proposal in proposals)


def _tried(situation: Situation, proposal: Proposal, found: Settings | list[str]) -> Tried | Refused:
    if not isinstance(found, Settings):
        return Refused(proposal=proposal, why=" ".join(found[:1]) or "the settings would not be valid")
    before, after = from_settings(situation.settings), from_settings(found)
    added = difference(before.items, after.items, situation.prices)
    total = bill(after.items, situation.prices)
    if after.budget_eur is not None and added.eur > 0 and total.total > after.budget_eur:
        over = cents(total.total - after.budget_eur)
        return Refused(proposal=proposal, why=f"it would cost {over} EUR per month over the budget of {after.budget_eur} EUR")
    return Tried(proposal=proposal, eur=None if added.unpriced else added.eur)


def document(situation: Situation, found: Sequence[Tried | Refused], project: str | None = None) -> dict[str, Any]:
    """
    As `--json` has it; of one project where it is named.
    """
    rows = [row for row in found if project in (None, row.proposal.project)]
    return {
        "schema": SCHEMA,
        "environment": situation.settings.environment.name,
        "project": project,
        "reports": {name: situation.when(name) for name in sorted(situation.reports)},
        "strategies": [
            {**asdict(row), "now": row.now.value, "fits": row.fits.value}
            for row in releasing.choices(situation)
            if project in (None, row.project)
        ],
        "proposals": [{**_row(row.proposal), "eur_per_month": _eur(row.eur)} for row in rows if isinstance(row, Tried)],
        "not_proposed": [{**_row(row.proposal), "why": row.why} for row in rows if isinstance(row, Refused)],
        "questions": [asdict(row) for row in questions(situation) if project in (None, row.project)],
    }


def _row(proposal: Proposal) -> dict[str, Any]:
    changes = [{"file": row.file, "path": row.written, "old": row.old, "new": row.new} for row in proposal.changes]
    return {**asdict(proposal), "area": proposal.area.value, "changes": changes}


def _eur(amount: Decimal | None) -> str | None:
    return None if amount is None else str(cents(amount))
