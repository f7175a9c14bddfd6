"""
`flotilla env ...`: environments side by side.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops import checkout, console, whole
from ops.commands import Approve, Json, LockWait, Reason, Yes, words
from ops.commands.release import show_difference, told
from ops.confirm import Approval
from ops.errors import SettingsError

app = typer.Typer(help="Environments side by side.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def diff(
    first: Annotated[str, typer.Argument(help="An environment, such as staging.", callback=words.name)],
    second: Annotated[str, typer.Argument(help="Another one, such as production.", callback=words.name)],
    plot: Annotated[
        Path | None,
        typer.Option("--plot", help="Also write both side by side as a picture, SVG, to this file.", callback=words.path),
    ] = None,
    mermaid: Annotated[
        bool, typer.Option("--mermaid", help="Print the picture as Mermaid's text instead, to put into a page of your own.")
    ] = False,
    json: Json = False,
) -> None:
    """
    Compare what two environments serve, and the settings of their projects. Changes nothing.
    """
    from ops import release_history
    from ops.diagrams.mermaid import mermaid as as_mermaid
    from ops.diagrams.svg import svg

    if json and mermaid:
        raise SettingsError("--mermaid: it cannot be together with --json. Nothing was done. Give one of them.")
    here = checkout.find()
    found = release_history.between_environments(here, first, second)
    picture = release_history.picture(here, first, second) if plot or mermaid else None
    if picture and plot:
        whole.text(plot, svg(picture))
    if picture and mermaid:
        console.raw(as_mermaid(picture.graph))
        return
    show_difference({**found, **({"picture": str(plot)} if plot else {})}, is_json=json)
    if plot and not json:
        console.line(f"The picture is in {plot}.")


@app.command()
def promote(
    project: Annotated[str, typer.Argument(help="The project.", callback=words.name)],
    source: Annotated[str, typer.Option("--from", help="The environment that serves it.", callback=words.name)] = "staging",
    target: Annotated[
        str, typer.Option("--to", help="The environment that is to serve the same.", callback=words.name)
    ] = "production",
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Serve in one environment the very images that serve in another.
    """
    from ops import deploying

    approval = Approval(is_yes=yes, level=approve, reason=reason)
    told(deploying.promote(checkout.find(), project, source, target, approval, lock_wait_s=lock_wait), is_json=json)
