"""
`flotilla dashboard`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ops import checkout, console
from ops.commands import Json, Stack, words
from ops.errors import SettingsError


def dashboard(
    stack: Stack = "local",
    out: Annotated[
        Path | None, typer.Option("--out", help="The file; reports/report.html without it.", callback=words.path)
    ] = None,
    json: Json = False,
) -> None:
    """
    Write the last report and the last day as one page for a browser. Looks at nothing but reports/; changes nothing.
    """
    from ops import pages

    here = checkout.find()
    _require_stack(here, stack)
    try:
        path = pages.write(here, stack, out.absolute() if out else None)
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise SettingsError(f"--out: {out}: {reason}. Nothing was written. Name a file in a folder of yours.") from None
    if json:
        console.document({"page": path})
        return
    console.line(f"Written: {path}")
    console.line(f"Open it in a browser; `flotilla report -s {stack}` looks anew.")


def _require_stack(here: Path, stack: str) -> None:
    from settings.loading import stacks

    if stack not in stacks(here):
        there = ", ".join(stacks(here))
        raise SettingsError(f"--stack: there is no stack {stack}. Nothing was written. Name one of: {there}.")
