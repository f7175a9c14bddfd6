"""
`flotilla report`.
"""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer

from ops import checkout, console
from ops.commands import Json
from ops.commands.audit import FailOn, Stack, limit_of, require_below, show
from ops.errors import SettingsError

STYLES_OF_FIXES = {"done": "green", "failed": "red"}
Only = Annotated[list[str] | None, typer.Option("--only", help="Only this check; may be given several times.")]
Timeout = Annotated[
    float, typer.Option("--timeout", help="Seconds that each check may take; one that takes longer is UNKNOWN.")
]

Fix = Annotated[
    bool, typer.Option("--fix", help="When CRITICAL: fixes that edit the tree, on a branch for review. All others are listed.")
]
FixCheck = Annotated[
    str | None,
    typer.Option("--fix-check", help="What has to succeed after each fix, `make check` say; else settings and policies."),
]


def report(
    only: Only = None,
    stack: Stack = None,
    fail_on: FailOn = None,
    timeout: Timeout = 300.0,
    fix: Fix = False,
    fix_check: FixCheck = None,
    json: Json = False,
) -> None:
    """
    Run all checks at once and give one verdict: OK, WARNING, DEGRADED or CRITICAL. Changes nothing on servers. What was found
    is kept in reports/.
    """
    from ops.verdict import fixing
    from ops.verdict.catalog import chosen
    from ops.verdict.verdict import verdict

    limit = limit_of(fail_on)
    if timeout <= 0:
        raise SettingsError(f"--timeout: {timeout:g} is no time. Nothing was looked at. Give seconds, more than 0.")
    here = checkout.find()
    found = verdict(here, stack, chosen(only or []), timeout)
    fixed = fixing.fix(here, found, found["environment"], [shlex.split(fix_check)] if fix_check else []) if fix else None
    if json:
        console.document({**found, "fix": fixed} if fixed else found)
    else:
        show(found)
        console.line(f"{'Reports of these checks are' if only else 'The report is'} in {here / 'reports'}.")
        _show_fixes(fixed)
    require_below(limit, found, here / "reports")


def _show_fixes(fixed: dict[str, Any] | None) -> None:
    if not fixed:
        return
    console.line()
    for row in fixed["fixes"]:
        console.line(f"{row['status']:8} {row['priority']:6} {row['action']}", STYLES_OF_FIXES.get(row["status"], ""))
        console.line(f"         {row['command']}")
        if row["detail"]:
            console.line(f"         {row['detail']}")
    for step in fixed["next_steps"]:
        console.line(step)
