"""
`flotilla notify ...`: whether people are reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from ops import checkout, console
from ops.commands import Json, Stack
from ops.errors import FlotillaError, SettingsError

if TYPE_CHECKING:
    from ops.notify import Sent

app = typer.Typer(help="Who is told of reports and alerts.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _notify() -> None:
    pass


@app.command()
def test(stack: Stack = "local", json: Json = False) -> None:
    """
    Send a test to every receiver in the settings. Exits with 1 where one of them is not reached.
    """
    from ops import notify
    from ops.report import Status

    known = notify.configured(checkout.find(), stack)
    if not known:
        raise SettingsError(
            f"{stack}: nobody is told of anything. Nothing was sent. Name receivers in Pulumi.{stack}.yaml, `monitoring`."
        )
    text = "A test of Flotilla's notifications. Nothing has to be done."
    sent = notify.send(known, f"{stack}: test", text, Status.OK)
    if json:
        console.document({"channels": sent})
    else:
        show(sent)
    lost = [row.name for row in sent if not row.is_sent]
    if lost:
        raise FlotillaError(
            f"{stack}: {', '.join(lost)} was not reached. All others were told. Look at the receiver's address, then run the "
            f"same command again."
        )


def show(sent: Sequence[Sent]) -> None:
    """
    Who was told, and who was not; no address.
    """
    rows: list[Sequence[Any]] = [(row.name, row.kind, "told" if row.is_sent else "not told", row.detail) for row in sent]
    console.table(["receiver", "kind", "", "what"], rows, {"told": "green", "not told": "bold red"})
