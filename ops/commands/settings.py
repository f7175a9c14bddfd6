"""
`flotilla settings ...`: what people write, without the engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops import checkout, console
from ops.commands import Json, words

app = typer.Typer(help="What people write: stacks, projects, releases.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def check(
    stack: Annotated[
        str | None, typer.Option("--stack", "-s", help="Only this stack; without it, every one.", callback=words.name)
    ] = None,
    json: Json = False,
) -> None:
    """
    Show every mistake in stacks, projects and releases at once. Changes nothing; exits with 2 if there is one.
    """
    from ops import settings

    checked = settings.check(checkout.find(), stack)
    if json:
        console.document({"stacks": checked})
    else:
        rows = [
            (found.stack, "valid", f"{len(found.projects)}", f"{len(found.served)}") for found in checked if not found.problems
        ]
        console.table(["stack", "settings", "projects", "served"], rows, {"valid": "green"})
    settings.require_valid(checked)


@app.command()
def schema(
    out: Annotated[
        Path | None, typer.Option("--out", help="The folder to write them into; docs/schema without it.", callback=words.path)
    ] = None,
    json: Json = False,
) -> None:
    """
    Write the JSON Schemas of stacks, projects and releases, with which editors complete and check them.
    """
    from ops import settings

    written = settings.write_schemas(checkout.find(), out)
    if json:
        console.document({"schemas": written})
        return
    for row in written:
        console.line(f"{'written' if row.is_new else 'unchanged'}  {row.path}")
