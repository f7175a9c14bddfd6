"""
`flotilla docs`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops import checkout, console
from ops.commands import Json, Stack, words
from ops.errors import ChangedError

if TYPE_CHECKING:
    from ops.dossier.dossier import Dossier


def docs(
    stack: Stack = "local",
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing: show what is not as it would be written, and exit with 5.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Write to this folder, not to docs/generated/<stack> of the checkout.", callback=words.path),
    ] = None,
    declared: Annotated[
        bool, typer.Option("--declared", help="Of the settings alone: ask neither the stack nor its reports or history.")
    ] = False,
    outputs: Annotated[
        Path | None,
        typer.Option(
            "--outputs", help="Take the stack's outputs from this JSON file, and ask no engine for them.", callback=words.path
        ),
    ] = None,
    preview: Annotated[
        bool,
        typer.Option("--preview", help="Also ask the engine, offline, what the settings make, and what policies say of it."),
    ] = False,
    html: Annotated[
        bool, typer.Option("--html", help="Also write everything as one file, dossier.html, to read offline.")
    ] = False,
    json: Json = False,
) -> None:
    """
    Write an environment's dossier: what there is, how it is connected, who may do what, what it costs. Changes nothing else.
    """
    from ops.dossier import dossier
    from ops.dossier.collect import Sources

    here = checkout.find()
    sources = Sources(is_declared=declared, is_previewed=preview, outputs=outputs)
    found = dossier.make(here, stack, out, sources, with_html=html)
    if not check:
        dossier.write(found)
    if json:
        console.document(dossier.document(found, is_check=check))
    elif check:
        console.raw("".join(change.difference for change in found.changes))
    else:
        _show(found)
    if check and found.changes:
        raise ChangedError(
            f"{found.folder}: {len(found.changes)} files are not what would be written. Nothing was written. "
            f"Run `{dossier.command(found)}`."
        )
    if check and not json:
        console.line(f"{found.folder}: all {len(found.pages)} files are as they would be written.")


def _show(found: Dossier) -> None:
    rows: dict[str, Any] = {}
    for change in found.changes:
        rows[change.kind.value] = rows.get(change.kind.value, 0) + 1
    done = {"missing": "new", "stale": "changed", "left over": "removed"}
    said = ", ".join(f"{count} {done[kind]}" for kind, count in rows.items()) or "nothing changed"
    console.line(f"{found.facts.stack}: {len(found.pages)} files in {found.folder}: {said}.")
    if found.facts.outputs is None:
        console.line(f"Without the stack's outputs: {found.facts.why_no_outputs}.", "yellow")
    for problem in found.facts.problems:
        console.line(problem, "yellow")
    console.line(f"Begin with {found.folder / 'index.md'}.")
