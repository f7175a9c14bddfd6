"""
`flotilla costs ...`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ops import checkout, console, whole
from ops.commands import Json, words
from ops.errors import SettingsError

app = typer.Typer(
    help="What an environment costs per month, for whom, and what could be saved.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@app.callback()
def costs(
    context: typer.Context,
    stack: Annotated[
        str | None, typer.Option("--stack", "-s", help="The stack; without it, every one.", callback=words.name)
    ] = None,
    deployed: Annotated[
        bool,
        typer.Option("--deployed", help="Of what was brought up, by its outputs, not of what settings ask for."),
    ] = False,
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print one row for each thing that is billed.")] = False,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Also write a picture, SVG, to this file.", callback=words.path)
    ] = None,
) -> None:
    """
    What an environment costs per month, for whom, and what could be saved. Works offline, also before anything was brought up.
    """
    if context.invoked_subcommand is not None:
        return
    from ops.costs.collect import collect
    from ops.costs.statement import to_csv, to_svg
    from settings.loading import stacks

    if json and csv:
        raise SettingsError("--csv: it cannot be together with --json. Nothing was done. Give one of them.")
    if plot and not stack:
        raise SettingsError("--plot: a picture is of one stack. Nothing was done. Name it with `--stack <name>`.")
    here = checkout.find()
    found = [collect(here, name, is_deployed=deployed) for name in ([stack] if stack else stacks(here))]
    if plot:
        whole.text(plot, to_svg(found[0]))
    if json:
        console.document({"environments": found})
    elif csv:
        console.raw(to_csv(found))
    else:
        for row in found:
            _show(row)
            console.line()
        if plot:
            console.line(f"The picture is in {plot}.")


@app.command()
def refresh(
    out: Annotated[
        Path | None, typer.Option("--out", help="Write this file, not the checkout's own price list.", callback=words.path)
    ] = None,
    json: Json = False,
) -> None:
    """
    Write the price list anew from Hetzner's API (HCLOUD_TOKEN), and say what changed.
    """
    import os

    from ops.costs.refresh import refresh as ask
    from settings.prices import FILE

    checkout.find()
    done = ask(out or FILE, os.environ, datetime.now(UTC).date(), is_own=out is None)
    if json:
        console.document(done)
        return
    rows = [(key, before or "new", after or "gone") for key, (before, after) in done.changed.items()]
    if rows:
        console.table(["figure", "before", "after"], rows)
    console.line(f"{len(rows)} figures changed; {done.path} is of {done.priced_on}, from {done.source}.")
    console.line("Look at the difference with `git diff`, then run `flotilla costs` and commit it.")


def _show(found: dict[str, Any]) -> None:
    rows = [
        (row["name"], row["kind"], row["what"], row["location"], row["eur"] or "not known", _traffic(row))
        for row in found["lines"]
    ]
    console.table(["name", "kind", "what", "location", "EUR", "traffic included"], rows, {"not known": "bold red"})
    console.line()
    console.table(["for", "EUR"], list(found["projects"].items()))
    console.line()
    least = "" if found["is_complete"] else "at least "
    console.line(f"{found['environment']}: {least}{found['total_eur']} EUR per month, net.", "bold")
    agreed = found["budget"]
    if agreed["eur"]:
        style = {"under": "green", "over": "bold red"}.get(agreed["verdict"], "magenta")
        said = f"Budget {agreed['eur']} EUR: {agreed['verdict']}, {agreed['percent']} % used, {agreed['left_eur']} EUR left."
        console.line(said, style)
    else:
        console.line("Nobody has agreed on a budget: set `budget_eur` in Pulumi.<stack>.yaml.")
    _notes(found)
    for row in found["advice"]:
        saved = f"saves {row['eur']} EUR" if row["eur"] else "saves: not known"
        console.line(f"  {row['id']}  {row['resource']}: {row['message']} ({saved}; {row['evidence']})")


def _traffic(row: dict[str, Any]) -> str:
    return f"{row['traffic_tb']} TB, then {row['eur_per_tb']} EUR per TB" if row["traffic_tb"] else ""


def _notes(found: dict[str, Any]) -> None:
    console.line(f"Prices of {found['prices']['priced_on']}: {found['prices']['source']}.")
    if found["is_rehearsal"]:
        console.line("This is the sandbox, which costs nothing: it is what the same would cost at Hetzner.")
    if found["unpriced"]:
        console.line(f"Price not known, not in the sum: {', '.join(found['unpriced'])}.", "bold red")
    if found["unconfirmed"]:
        console.line(f"Not confirmed: {', '.join(found['unconfirmed'])}. `flotilla costs refresh` asks Hetzner.", "yellow")
    if found["unserved"]:
        console.line(f"No release yet, so nothing is reserved for: {', '.join(found['unserved'])}.")
    for text in found["elsewhere"]:
        console.line(f"Paid to others, not in the sum: {text}.")
