"""
The bill of a fleet: each thing with its price, exact; and the difference between two fleets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from settings.billing import Item, allowance, price
from settings.prices import PriceList, current

CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Line:
    """
    One item with what it costs per month: `eur` is exact, and None where nobody knows. `traffic_tb` are included, and each
    further one costs `eur_per_tb`; None where traffic is not counted.
    """

    item: Item
    eur: Decimal | None
    is_confirmed: bool
    traffic_tb: Decimal | None = None
    eur_per_tb: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Bill:
    """
    Every line, and their sum as far as prices are known.
    """

    lines: tuple[Line, ...]

    @property
    def total(self) -> Decimal:
        """
        EUR per month, exact; at least that much where something is unpriced.
        """
        return sum((line.eur for line in self.lines if line.eur is not None), Decimal(0))

    @property
    def unpriced(self) -> tuple[Item, ...]:
        """
        What nobody knows the price of.
        """
        return tuple(line.item for line in self.lines if line.eur is None)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """
    What a change of the fleet does to its costs: `eur` per month, exact, positive where it becomes dearer. `unpriced` names
    what could not be counted: then `eur` is not the whole difference, and is never shown without saying so.
    """

    before: Decimal
    after: Decimal
    unpriced: tuple[str, ...]

    @property
    def eur(self) -> Decimal:
        """
        EUR per month.
        """
        return self.after - self.before

    def __str__(self) -> str:
        text = f"{cents(self.eur):+.2f} EUR per month ({cents(self.before)} -> {cents(self.after)})"
        return f"{text}, without {', '.join(self.unpriced)}: price not known" if self.unpriced else text


def bill(items: Iterable[Item], prices: PriceList | None = None) -> Bill:
    """
    The bill of these items, at the prices that this checkout has unless others are given.
    """
    known = prices or current()
    return Bill(lines=tuple(_line(item, known) for item in items))


def _line(item: Item, prices: PriceList) -> Line:
    found = allowance(item, prices)
    return Line(
        item=item,
        eur=price(item, prices),
        is_confirmed=prices.is_confirmed(item.price_key),
        traffic_tb=found.traffic_tb if found else None,
        eur_per_tb=found.eur_per_tb if found else None,
    )


def difference(before: Iterable[Item], after: Iterable[Item], prices: PriceList | None = None) -> Difference:
    """
    What it costs to go from one fleet to another. What is in both cancels out, also where its price is not known.
    """
    old, new = Counter(before), Counter(after)
    gone, come = bill((old - new).elements(), prices), bill((new - old).elements(), prices)
    kept = bill((old & new).elements(), prices).total
    unpriced = dict.fromkeys(item.name for item in (*gone.unpriced, *come.unpriced))
    return Difference(before=kept + gone.total, after=kept + come.total, unpriced=tuple(unpriced))


def cents(amount: Decimal) -> Decimal:
    """
    Rounded to cents, as people round.
    """
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)
