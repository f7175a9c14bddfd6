"""
What an entry is, and what is wrong with one: no database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ledger.money import MAXIMUM_CENTS, format_amount

LINES_MAXIMUM = 100
DESCRIPTION_MAXIMUM = 200


class AccountKind(StrEnum):
    """
    Where an account stands in the statements.
    """

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"
    EXPENSE = "expense"


@dataclass(frozen=True, kw_only=True)
class Account:
    """
    One account of the chart, for example 1000 Bank.
    """

    code: str
    name: str
    kind: AccountKind


@dataclass(frozen=True)
class Line:
    """
    One side of an entry: debits are positive, credits negative.
    """

    account: str
    cents: int


@dataclass(frozen=True, kw_only=True)
class Draft:
    """
    An entry that is not posted yet.
    """

    day: date
    description: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True)
class Entry(Draft):
    """
    An entry in the books. `number` counts all entries without a gap; `posted_at` is UTC, ISO 8601.
    """

    id: str
    number: int
    posted_at: str


class RefusedError(Exception):
    """
    Something that may not be posted, with every reason. `may_pass_later`: the same thing may be accepted another time.
    """

    def __init__(self, reasons: Sequence[str], *, may_pass_later: bool = False) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)
        self.may_pass_later = may_pass_later


def mistakes(draft: Draft) -> list[str]:
    """
    Every reason why this can never be posted.
    """
    found = []
    if not draft.description:
        found.append("the description is empty")
    if len(draft.description) > DESCRIPTION_MAXIMUM:
        found.append(f"the description is longer than {DESCRIPTION_MAXIMUM} characters")
    if not draft.description.isprintable():
        found.append("the description has control characters")
    if not 2 <= len(draft.lines) <= LINES_MAXIMUM:
        found.append(f"an entry has 2 to {LINES_MAXIMUM} lines, this one has {len(draft.lines)}")
    if any(line.cents == 0 for line in draft.lines):
        found.append("a line has no amount")
    if any(abs(line.cents) > MAXIMUM_CENTS for line in draft.lines):
        found.append(f"an amount is above {format_amount(MAXIMUM_CENTS)}")
    debits = sum(line.cents for line in draft.lines if line.cents > 0)
    credits = -sum(line.cents for line in draft.lines if line.cents < 0)
    if debits != credits:
        found.append(f"debits of {format_amount(debits)} do not equal credits of {format_amount(credits)}")
    return found
