"""
`flotilla advise`.
"""

from __future__ import annotations

import json as plain_json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ops import checkout, console, whole
from ops.commands import Json, Stack, words
from ops.errors import SettingsError


def advise(
    stack: Stack = "local",
    project: Annotated[
        str | None, typer.Option("--project", "-p", help="Only about this project.", callback=words.name)
    ] = None,
    adr: Annotated[
        Path | None,
        typer.Option(
            "--adr",
            help="Also write a draft of a decision record to this new file, in docs/adr/ say.",
            callback=words.path,
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """
    What could be chosen better: releases, shape, scaling, backups, promises; each with why and the setting. Changes nothing.
    """
    from ops.advice.collect import collect

    here, now = checkout.find(), datetime.now(UTC)
    if adr and adr.exists():
        raise SettingsError(f"--adr: {adr} is there already. Nothing was looked at. Name a new file.")
    found = collect(here, stack, now, project)
    if adr:
        from ops.advice.adr import draft, next_number

        whole.text(adr, draft(found, next_number(path.name for path in (here / "docs" / "adr").glob("*.md")), now.date()))
    if json:
        console.document({**found, **({"adr": adr} if adr else {})})
        return
    _show(found)
    if adr:
        console.line(f"The draft is in {adr}: complete it, then commit it.")


def _show(found: dict[str, Any]) -> None:
    rows = [(row["project"], row["process"], row["now"], row["fits"], row["why"]) for row in found["strategies"]]
    console.table(["project", "process", "released by", "fits", "why"], rows)
    console.line()
    for row in found["proposals"]:
        console.line(f"{row['id']}{_of(row)}", "bold")
        for change in row["changes"]:
            old, new = (plain_json.dumps(change[key]) for key in ("old", "new"))
            console.line(f"  {change['file']}: {change['path']}: {old} -> {new}")
        eur = row["eur_per_month"]
        cost = "" if eur == "0.00" else f" Costs: {f'{eur} EUR more per month' if eur else 'not known'}."
        console.line(f"  why:    {row['reason']}{_seen(row)}")
        console.line(f"  then:   {row['effect']}.{cost}")
        console.line(f"  risk:   {row['risk']}")
    for row in found["not_proposed"]:
        console.line(f"not proposed: {row['id']}{_of(row)}: {row['why']}", "yellow")
    for row in found["questions"]:
        console.line(f"open: {row['path']}{_of(row)}: {row['reason']}", "magenta")
    console.line(_end(found))


def _of(row: dict[str, Any]) -> str:
    return f" of {row['project']}" if row["project"] else ""


def _seen(row: dict[str, Any]) -> str:
    return f" (seen {row['based_on']})" if row["based_on"] else ""


def _end(found: dict[str, Any]) -> str:
    name = found["environment"]
    looked = "" if found["reports"] else f" No report of this week tells more: `flotilla report -s {name}`."
    if not found["proposals"]:
        return f"{name}: nothing to propose.{looked}"
    more = f"`flotilla plan -s {name}` shows what one does once it is written"
    return f"{name}: {len(found['proposals'])} proposals, each tried against all settings; {more}.{looked}"
