"""
What things cost at Hetzner, for budgets and bills: EUR per month, net. Not an invoice.

The figures are in settings/prices.json, with their source and day; `flotilla costs refresh` writes it from the API's
`/pricing`. What it does not call confirmed is from before, or an estimate. Standard library only: policies read it, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_suffix(".json")
SCHEMA = 1
# What `confirmed` says where every figure is from the API itself.
EVERYTHING = "*"


@dataclass(frozen=True, kw_only=True)
class Rate:
    """
    What a type costs in one location. Traffic beyond `traffic_tb` (of 1024^4 bytes, per month) costs `eur_per_tb`.
    """

    eur: Decimal
    traffic_tb: Decimal
    eur_per_tb: Decimal


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """
    All prices of one day. `servers` and `load_balancers` are {type: {location: rate}}, without addresses; the addresses'
    are {location: EUR}. What is not there is not known.
    """

    source: str
    priced_on: date
    confirmed: tuple[str, ...]
    servers: Mapping[str, Mapping[str, Rate]]
    load_balancers: Mapping[str, Mapping[str, Rate]]
    primary_ipv4: Mapping[str, Decimal]
    floating_ipv4: Mapping[str, Decimal]
    floating_ipv6: Mapping[str, Decimal]
    volume_gb: Decimal
    server_backup_percent: Decimal

    def is_confirmed(self, key: str) -> bool:
        """
        Whether a figure, such as `servers.cx23`, comes from the API.
        """
        return EVERYTHING in self.confirmed or key in self.confirmed


def rate(offers: Mapping[str, Mapping[str, Rate]], kind: str, location: str) -> Rate | None:
    """
    What a type costs in a location; where that is not told, in the dearest one. None where nobody knows.
    """
    offered = offers.get(kind, {})
    return offered.get(location) if location else max(offered.values(), key=lambda found: found.eur, default=None)


def address(prices: Mapping[str, Decimal], location: str) -> Decimal | None:
    """
    What an address costs in a location; where that is not told, in the dearest one. None where nobody knows.
    """
    return prices.get(location) if location else max(prices.values(), default=None)


@cache
def current() -> PriceList:
    """
    The price list that this checkout has.
    """
    return parse(FILE.read_text(encoding="utf-8"))


def parse(text: str) -> PriceList:
    """
    The price list in a file's text.

    Raises: ValueError, KeyError or TypeError where it is not one.
    """
    found = json.loads(text)
    if found["schema"] != SCHEMA or found["currency"] != "EUR":
        raise ValueError(f"it is of schema {found['schema']} in {found['currency']}, not of {SCHEMA} in EUR")
    return PriceList(
        source=found["source"],
        priced_on=date.fromisoformat(found["priced_on"]),
        confirmed=tuple(found["confirmed"]),
        servers=_rates(found["servers"]),
        load_balancers=_rates(found["load_balancers"]),
        **{name: _amounts(found[name]) for name in ("primary_ipv4", "floating_ipv4", "floating_ipv6")},
        volume_gb=Decimal(found["volume_gb"]),
        server_backup_percent=Decimal(found["server_backup_percent"]),
    )


def _rates(found: Mapping[str, Mapping[str, Mapping[str, str]]]) -> dict[str, dict[str, Rate]]:
    return {
        kind: {place: Rate(**{field.name: Decimal(row[field.name]) for field in fields(Rate)}) for place, row in rows.items()}
        for kind, rows in found.items()
    }


def _amounts(found: Mapping[str, str]) -> dict[str, Decimal]:
    return {place: Decimal(amount) for place, amount in found.items()}


def render(prices: PriceList) -> str:
    """
    The file's text: sorted, so that a difference shows what changed.
    """
    document = {
        "schema": SCHEMA,
        "source": prices.source,
        "priced_on": prices.priced_on.isoformat(),
        "currency": "EUR",
        "confirmed": sorted(prices.confirmed),
        **dict(sorted(flat(prices).items())),
    }
    nested: dict[str, Any] = {}
    for path, value in document.items():
        *parents, leaf = path.split("/")
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        place[leaf] = value
    return json.dumps(nested, indent=2) + "\n"


def flat(prices: PriceList) -> dict[str, str]:
    """
    Every figure by its path, such as `servers/cx23/fsn1/eur`.
    """
    figures: dict[str, Decimal] = {"volume_gb": prices.volume_gb, "server_backup_percent": prices.server_backup_percent}
    for section in ("servers", "load_balancers"):
        for kind, rows in getattr(prices, section).items():
            for place, row in rows.items():
                figures |= {f"{section}/{kind}/{place}/{field.name}": getattr(row, field.name) for field in fields(Rate)}
    for section in ("primary_ipv4", "floating_ipv4", "floating_ipv6"):
        figures |= {f"{section}/{place}": amount for place, amount in getattr(prices, section).items()}
    return {path: plain(figure) for path, figure in figures.items()}


def plain(amount: Decimal) -> str:
    """
    An amount without needless zeros or an exponent: cents stay two digits.
    """
    short = f"{amount.normalize():f}"
    return f"{amount:.2f}" if Decimal(f"{amount:.2f}") == amount and "." in short else short
