"""
Who a bill is for, by what each project has reserved; and whether it keeps to the budget.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction

from ops.costs.bill import Bill, cents
from ops.costs.fleet import Fleet, Part

# What the bill has beside projects, in words that no project can be named.
SHARED, FREE = "(for all)", "(reserved by nobody)"


class Verdict(StrEnum):
    """
    How a bill stands to its budget. UNKNOWN: what is priced keeps to it, but not everything is priced.
    """

    NONE = "no budget"
    UNDER = "under"
    OVER = "over"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Budget:
    """
    The agreed limit against the bill. `percent` is the share that is used, `left` is negative where it is over.
    """

    limit: Decimal | None
    verdict: Verdict
    left: Decimal | None = None
    percent: Decimal | None = None


def budget(fleet: Fleet, found: Bill) -> Budget:
    """
    Whether the fleet costs what was agreed.
    """
    limit = fleet.budget_eur
    if limit is None:
        return Budget(limit=None, verdict=Verdict.NONE)
    over = Verdict.OVER if found.total > limit else Verdict.UNKNOWN if found.unpriced else Verdict.UNDER
    percent = (found.total * 100 / limit).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
    return Budget(limit=limit, verdict=over, left=limit - found.total, percent=percent)


def shares(parts: tuple[Part, ...], server: str) -> dict[str, Fraction]:
    """
    Who has which share of a server: the mean of memory and processors. The rest is FREE; what is promised more than once is
    divided among those who were promised it. Sums to 1.
    """
    here = [part for part in parts if part.server == server]
    memory = max(Fraction(1), sum((part.memory for part in here), Fraction(0)))
    cpus = max(Fraction(1), sum((part.cpus for part in here), Fraction(0)))
    found: dict[str, Fraction] = defaultdict(Fraction)
    for part in here:
        found[part.project or SHARED] += (part.memory / memory + part.cpus / cpus) / 2
    found[FREE] += 1 - sum(found.values(), Fraction(0))
    return dict(found)


def split(fleet: Fleet, found: Bill) -> dict[str, Decimal]:
    """
    EUR per month for each project, for all, and for nobody, in cents that sum to the bill's. A server's disk, address and
    backups go with the server; what serves no project alone (entry, backups, monitoring) is for all.
    """
    owed: dict[str, Fraction] = {**{name: Fraction(0) for name in fleet.projects}, SHARED: Fraction(0), FREE: Fraction(0)}
    serving = {server.name for server in fleet.servers if {"app", "db"} & set(server.roles)}
    for line in found.lines:
        if line.eur is None:
            continue
        is_served = line.item.server in serving
        divided = shares(fleet.parts, line.item.server) if is_served else {SHARED: Fraction(1)}
        for name, share in divided.items():
            owed[name] += share * Fraction(line.eur)
    return in_cents(owed, cents(found.total))


def in_cents(owed: Mapping[str, Fraction], total: Decimal) -> dict[str, Decimal]:
    """
    Each amount in whole cents, so that they sum to the total: what rounding down leaves goes to those who lost most by it.
    """
    exact = {name: amount * 100 for name, amount in owed.items()}
    whole = {name: amount.numerator // amount.denominator for name, amount in exact.items()}
    left = int(total * 100) - sum(whole.values())
    losers = sorted(exact, key=lambda name: (whole[name] - exact[name], name))
    for name in losers[:left]:
        whole[name] += 1
    return {name: Decimal(amount).scaleb(-2) for name, amount in whole.items()}
