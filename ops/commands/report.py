"""
`flotilla report`.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ops import checkout, console
from ops.commands import Json
from ops.commands.audit import FailOn, Stack, limit_of, require_below, show
from ops.errors import SettingsError

Only = Annotated[list[str] | None, typer.Option("--only", help="Only this check; may be given several times.")]
Timeout = Annotated[
    float, typer.Option("--timeout", help="Seconds that each check may take; one that takes longer is UNKNOWN.")
]


def report(
    only: Only = None, stack: Stack = None, fail_on: FailOn = None, timeout: Timeout = 300.0, json: Json = False
) -> None:
    """
    Run all checks at once and give one verdict: OK, WARNING, DEGRADED or CRITICAL. Changes nothing on servers. What was found
    is kept in reports/.
    """
    from ops.verdict.catalog import chosen
    from ops.verdict.verdict import verdict

    limit = limit_of(fail_on)
    if timeout <= 0:
        raise SettingsError(f"--timeout: {timeout:g} is no time. Nothing was looked at. Give seconds, more than 0.")
    here = checkout.find()
    found = verdict(here, stack, chosen(only or []), timeout)
    if json:
        console.document(found)
    else:
        show(found)
        console.line(
            f"The report is in {here / 'reports'}." if not only else f"Reports of these checks are in {here / 'reports'}."
        )
    require_below(limit, found, here / "reports")
