"""
`flotilla project ...`: the projects' files.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ops import checkout, console
from ops.commands import Json

app = typer.Typer(help="The projects' files.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _projects() -> None:
    """
    The projects' files.
    """


@app.command("set")
def set_value(
    project: Annotated[str, typer.Argument(help="The project's name.")],
    key: Annotated[str, typer.Argument(help="Which value, such as limits.memory_mb.")],
    value: Annotated[str, typer.Argument(help="A number or a plain word.")],
    json: Json = False,
) -> None:
    """
    Change one value of projects/<name>.yaml, everything else as it was; refused where the settings were not valid any more.
    """
    from ops import projects

    edited = projects.change(checkout.find(), project, key, value)
    if json:
        console.document(edited)
        return
    if edited.before == edited.after:
        console.line(f"{edited.file}: {edited.key} is {edited.after} already. Nothing was changed.")
        return
    console.line(f"{edited.file}: {edited.key} is {edited.after} now; it was {edited.before or 'not set'}.")
    console.line("Nothing was brought out yet. See what it does: `flotilla plan`; undo it: `git checkout -p`.")
