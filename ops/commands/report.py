"""
`flotilla report`.
"""

from __future__ import annotations

import math
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops import checkout, console
from ops.commands import Json, words
from ops.commands.audit import FailOn, Stack, limit_of, require_below, show
from ops.errors import SettingsError

if TYPE_CHECKING:
    from ops.report import Status

STYLES_OF_FIXES = {"done": "green", "failed": "red"}
Only = Annotated[
    list[str] | None, typer.Option("--only", help="Only this check; may be given several times.", callback=words.name)
]
Timeout = Annotated[
    float, typer.Option("--timeout", help="Seconds that each check may take; one that takes longer is UNKNOWN.")
]

Fix = Annotated[
    bool, typer.Option("--fix", help="When CRITICAL: fixes that edit the tree, on a branch for review. All others are listed.")
]
FixCheck = Annotated[
    str | None,
    typer.Option(
        "--fix-check",
        help="What has to succeed after each fix, `make check` say; else settings and policies.",
        callback=words.command,
    ),
]


Notify = Annotated[
    str | None,
    typer.Option(
        "--notify", help="Tell the receivers at this status or a worse one; without it, of CRITICAL.", callback=words.name
    ),
]
Weekly = Annotated[bool, typer.Option("--weekly", help="Sum up the kept reports of the last 7 days instead; looks at nothing.")]


def report(
    only: Only = None,
    stack: Stack = None,
    fail_on: FailOn = None,
    timeout: Timeout = 300.0,
    fix: Fix = False,
    fix_check: FixCheck = None,
    notify: Notify = None,
    weekly: Weekly = False,
    json: Json = False,
) -> None:
    """
    Run all checks at once and give one verdict: OK, WARNING, DEGRADED or CRITICAL. Changes nothing on servers. What was found
    is kept in reports/.
    """
    from ops.verdict import fixing
    from ops.verdict.catalog import chosen
    from ops.verdict.verdict import verdict

    if weekly:
        _weekly(stack, json=json)
        return
    limit, told = limit_of(fail_on), _level(notify)
    if not 0 < timeout < math.inf:
        raise SettingsError(f"--timeout: {timeout:g} is no time. Nothing was looked at. Give seconds, more than 0.")
    here = checkout.find()
    found = verdict(here, stack, chosen(only or []), timeout)
    try:
        fixed = fixing.fix(here, found, found["environment"], [shlex.split(fix_check)] if fix_check else []) if fix else None
    finally:
        if not only:
            _publish(here, found, told)
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


def _level(text: str | None) -> Status | None:
    """
    Raises: SettingsError
    """
    from ops.report import Status

    if text is None:
        return None
    if text.upper() not in ("OK", "WARNING", "DEGRADED", "CRITICAL"):
        raise SettingsError(f"--notify: {text} is no status. Nothing was looked at. Give OK, WARNING, DEGRADED or CRITICAL.")
    return Status(text.upper())


def _publish(here: Path, found: dict[str, Any], level: Status | None) -> None:
    """
    The page, and a word to the receivers. Neither hides the report, nor changes its exit code.
    """
    from ops import notify, pages, progress

    try:
        progress.say(f"  page   {pages.write(here, found['environment'])}")
    except Exception as error:
        progress.say(f"  page   not written: {type(error).__name__}. The report itself is. Run `flotilla --verbose dashboard`.")
    for row in notify.report(here, found["environment"], found, level):
        progress.say(f"  {'told' if row.is_sent else 'NOT told'}   {row.name} ({row.kind}): {row.detail}")


def _weekly(stack: str | None, *, json: bool) -> None:
    from ops import stack as stacks
    from ops import weekly

    here = checkout.find()
    name = stack or stacks.outputs(here, None, stacks.environment(here))["environment"]["stack"]
    found = weekly.of(here, name)
    if json:
        console.document(found)
    else:
        for text in weekly.lines(found):
            console.line(text)
