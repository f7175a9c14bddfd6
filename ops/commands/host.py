"""
`flotilla host ...`: the servers themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ops import checkout, confirm, console
from ops.commands import Approve, Json, LockWait, Reason, Stack, Yes, words

if TYPE_CHECKING:
    from hosts.request import Outcome

app = typer.Typer(help="The servers and their roles.", no_args_is_help=True, rich_markup_mode=None)

DIFFERENT = 5
Servers = Annotated[
    list[str] | None, typer.Argument(help="Only these; without one, all of them.", show_default=False, callback=words.name)
]


@app.command()
def converge(
    servers: Servers = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look; exits with 5 where something differs.")] = False,
    stack: Stack = "local",
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Make servers what their roles say: packages, files, units, databases. Shows what differs, asks, and does only that.
    """
    from ops import hosts

    targets = hosts.targets(checkout.find(), stack, servers or ())
    seen = hosts.converge(targets, is_dry=True)
    if not json:
        _show(seen)
    is_due = any(outcome.changes for outcome in seen)
    if not dry_run and is_due:
        differing = [outcome.server for outcome in seen if outcome.changes]
        approval = confirm.Approval(is_yes=yes, level=approve, reason=reason)
        chosen = [target for target in targets if target.declaration["server"] in differing]
        seen = hosts.change(checkout.find(), stack, chosen, approval, lock_wait_s=lock_wait)
        if not json:
            console.line()
            _show(seen)
    if json:
        console.document({"servers": seen})
    hosts.require_success(seen)
    if dry_run and is_due:
        raise typer.Exit(DIFFERENT)


@app.command()
def reboot(
    server: Annotated[str, typer.Argument(help="The server's name.", callback=words.name)],
    limit: Annotated[int, typer.Option("--limit", min=30, help="How long it may take to come back, in seconds.")] = 600,
    stack: Stack = "local",
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Restart a server: its containers move to others where they can, and it is waited for until everything runs again.
    """
    from ops import mutation
    from ops.reboot import reboot as rebooting

    approval = confirm.Approval(is_yes=yes, level=approve, reason=reason)
    report = rebooting.reboot(checkout.find(), stack, server, approval, limit_s=limit, lock_wait_s=lock_wait)
    if json:
        console.document(report)
    else:
        mutation.show(report)


@app.command(context_settings={"ignore_unknown_options": True})
def ssh(
    server: Annotated[str, typer.Argument(help="The server's name.", callback=words.name)],
    command: Annotated[
        list[str] | None, typer.Argument(help="What to run; without it, a shell.", show_default=False, callback=words.argument)
    ] = None,
    stack: Stack = "local",
) -> None:
    """
    Log in to a server as root. Its host key has to be the one that was taken down when it was made.
    """
    from ops import hosts

    hosts.log_in(checkout.find(), stack, server, command or [])


def _show(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        verb = "would change" if outcome.is_dry else "changed"
        state = f"{verb} {len(outcome.changes)}" if outcome.changes else "as it should be"
        console.line(f"{outcome.server}: {state} ({outcome.unchanged} unchanged, {outcome.duration_s:.1f} s)", "bold")
        for change in outcome.changes:
            for fact in change.facts:
                console.line(f"  {change.role}: {fact}", "yellow")
            for line in change.diff.splitlines()[2:]:
                console.line(f"      {line}", "green" if line.startswith("+") else "red" if line.startswith("-") else "")
        for role, item, why in outcome.unknown:
            console.line(f"  {role}: unknown: {item}: {why}", "magenta")
        for role, item, why in outcome.skipped:
            console.line(f"  {role}: left out: {item}: {why}")
        if outcome.error:
            console.line(f"  failed: {outcome.error}", "bold red")
