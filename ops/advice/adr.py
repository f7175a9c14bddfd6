"""
A decision record, to be completed by people: a draft in the form of docs/adr. Pure.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from ops.dossier.page import Markdown, body, bullets, code, heading, joined, paragraph, text

_NUMBER = re.compile(r"(\d{4})-.*\.md")


def next_number(names: Iterable[str]) -> int:
    """
    One more than the highest of the records with these file names.
    """
    return max((int(found[1]) for name in names if (found := _NUMBER.fullmatch(name))), default=0) + 1


def draft(found: Mapping[str, Any], number: int, today: date) -> str:
    """
    The record of what `ops.advice.advise.document` has.
    """
    where = f"{found['project']} in {found['environment']}" if found["project"] else found["environment"]
    content = body(
        paragraph(f"Date: {today}. Status: draft, written by ", code("flotilla advise"), "; nothing was decided."),
        heading("Question"),
        paragraph(f"What should be chosen otherwise in {where}, by its settings, its costs and what reports have seen of it?"),
        heading("What was weighed"),
        bullets(_weighed(found)),
        heading("Decision"),
        bullets(_decided(found)) or paragraph("Nothing is to be changed."),
        heading("What it costs"),
        paragraph(_costs(found)),
        heading("Consequences"),
        bullets(_follows(found)),
    )
    return f"{heading(f'{number:04d} What to change in {where}', 1)}\n{content}"


def _weighed(found: Mapping[str, Any]) -> Iterator[Markdown]:
    for row in found["strategies"]:
        stays = "stays" if row["now"] == row["fits"] else f"instead of {row['now']}"
        yield Markdown(f"{code(row['project'] + '/' + row['process'])}: {text(row['fits'])} {text(stays)}: {text(row['why'])}.")
    for row in found["proposals"]:
        based = f" Seen {row['based_on']}." if row["based_on"] else ""
        yield Markdown(f"{code(row['id'])}: {text(row['reason'])}.{text(based)}")
    for row in found["not_proposed"]:
        yield Markdown(f"{code(row['id'])}, not proposed: {text(row['reason'])}; but {text(row['why'])}")
    for row in found["questions"]:
        yield Markdown(f"Open: {code(row['path'])}: {text(row['reason'])}.")


def _decided(found: Mapping[str, Any]) -> Iterator[Markdown]:
    for row in found["proposals"]:
        for change in row["changes"]:
            old, new = (code(json.dumps(change[key])) for key in ("old", "new"))
            yield Markdown(f"{code(change['file'])}: {code(change['path'])} from {old} to {new}")


def _costs(found: Mapping[str, Any]) -> Markdown:
    known = [
        f"{row['id']} {row['eur_per_month']} EUR" for row in found["proposals"] if row["eur_per_month"] not in (None, "0.00")
    ]
    unknown = [row["id"] for row in found["proposals"] if row["eur_per_month"] is None]
    parts = [f"Per month, without tax: {joined(known)}." if known else "Nothing per month, as far as prices are known."]
    return text(" ".join([*parts, *([f"Not known: {', '.join(unknown)}."] if unknown else [])]))


def _follows(found: Mapping[str, Any]) -> Iterator[Markdown]:
    for row in found["proposals"]:
        yield Markdown(f"{code(row['id'])}: {text(row['effect'])}. Risk: {text(row['risk'])}.")
    yield text("To be completed: who decided, when, and what was found to be otherwise.")
