"""
`flotilla env ...`: environments side by side.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ops import checkout
from ops.commands import Approve, Json, LockWait, Reason, Yes, words
from ops.commands.release import show_difference, told
from ops.confirm import Approval

app = typer.Typer(help="Environments side by side.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def diff(
    first: Annotated[str, typer.Argument(help="An environment, such as staging.", callback=words.name)],
    second: Annotated[str, typer.Argument(help="Another one, such as production.", callback=words.name)],
    json: Json = False,
) -> None:
    """
    Compare what two environments serve, and the settings of their projects. Changes nothing.
    """
    from ops import release_history

    show_difference(release_history.between_environments(checkout.find(), first, second), is_json=json)


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
