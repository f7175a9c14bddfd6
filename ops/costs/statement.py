"""
Everything that is said about an environment's costs, as one document; and that document as CSV and as a picture.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from ops.costs.advice import Advice
from ops.costs.bill import Bill, bill, cents
from ops.costs.fleet import Fleet
from ops.costs.split import budget, split
from settings.prices import PriceList, plain

SCHEMA = 1
WIDTH, ROW, LEFT, RIGHT = 720, 26, 220, 90
COLOR = "#2f6f9f"


def statement(fleet: Fleet, prices: PriceList, advice: list[Advice]) -> dict[str, Any]:
    """
    Amounts are texts with cents, net, per month. A line without a price has `eur` null, and the total is then the least.
    """
    found = bill(fleet.items, prices)
    against = budget(fleet, found)
    return {
        "schema": SCHEMA,
        "environment": fleet.environment,
        "currency": "EUR",
        "prices": {"source": prices.source, "priced_on": prices.priced_on.isoformat()},
        "is_rehearsal": fleet.is_rehearsal,
        "total_eur": _text(found.total),
        "is_complete": not found.unpriced,
        "budget": {
            "eur": _text(against.limit),
            "verdict": against.verdict.value,
            "left_eur": _text(against.left),
            "percent": None if against.percent is None else str(against.percent),
        },
        "lines": _lines(found),
        "projects": {name: str(amount) for name, amount in split(fleet, found).items()},
        "unserved": list(fleet.unserved),
        "unpriced": [item.name for item in found.unpriced],
        "unconfirmed": sorted({line.item.price_key for line in found.lines if not line.is_confirmed and line.eur}),
        "elsewhere": list(fleet.elsewhere),
        "advice": [{**vars(row), "eur": _text(row.eur)} for row in advice],
    }


def _lines(found: Bill) -> list[dict[str, Any]]:
    return [
        {
            "name": line.item.name,
            "kind": line.item.kind.value,
            "what": line.item.what,
            "location": line.item.location,
            "eur": None if line.eur is None else plain(line.eur),
            "is_confirmed": line.is_confirmed,
            "traffic_tb": None if line.traffic_tb is None else plain(line.traffic_tb),
            "eur_per_tb": None if line.eur_per_tb is None else plain(line.eur_per_tb),
        }
        for line in found.lines
    ]


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(cents(amount))


def to_csv(documents: Iterable[Mapping[str, Any]]) -> str:
    """
    One row for each line, exact; a cell that a spreadsheet would take for a formula gets an apostrophe.
    """
    text = io.StringIO()
    columns = ["environment", "name", "kind", "what", "location", "eur", "is_confirmed", "traffic_tb", "eur_per_tb"]
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for document in documents:
        for line in document["lines"]:
            row = {"environment": document["environment"], **line}
            writer.writerow({key: _cell(value) for key, value in row.items()})
    return text.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def to_svg(document: Mapping[str, Any]) -> str:
    """
    A bar for each project and for what is nobody's, with the budget in words; the reader's own fonts.
    """
    rows = [(name, Decimal(amount)) for name, amount in document["projects"].items()]
    most = max((amount for _, amount in rows), default=Decimal(0)) or Decimal(1)
    height = 76 + ROW * len(rows)
    title = f"{document['environment']}: {'' if document['is_complete'] else 'at least '}{document['total_eur']} EUR per month"
    agreed = document["budget"]
    said = f"budget {agreed['eur']} EUR: {agreed['verdict']}, {agreed['percent']} % used" if agreed["eur"] else "no budget"
    spoken = "; ".join(f"{name} {amount} EUR" for name, amount in rows)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="title about" '
        'font-family="sans-serif" font-size="14">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="about">{escape(f"{said}. {spoken}.")}</desc>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="12" y="26" font-size="18" font-weight="bold" fill="#222222">{escape(title)}</text>',
        f'<text x="12" y="48" fill="#555555">{escape(said)}</text>',
    ]
    for number, (name, amount) in enumerate(rows):
        y = 64 + ROW * number
        width = float(amount / most) * (WIDTH - LEFT - RIGHT)
        shown = name if len(name) <= 28 else f"{name[:27]}…"
        color = "#9aa5ad" if name.startswith("(") else COLOR
        lines += [
            f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end" fill="#222222">{escape(shown)}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{ROW - 6}" fill="{color}"/>',
            f'<text x="{LEFT + width + 8:.1f}" y="{y + 15}" fill="#222222">{amount}</text>',
        ]
    return "\n".join([*lines, "</svg>", ""])
