"""
`flotilla sync`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ops import checkout, confirm, console
from ops.commands import Approve, Json, LockWait, Reason, Yes, words

if TYPE_CHECKING:
    from ops.sync.sync import Row

DIFFERENT = 5
STYLES = {
    "aligned": "green",
    "pushed": "green",
    "conflict": "bold red",
    "unreachable": "red",
    "refused": "red",
    "due": "yellow",
}


def sync(
    remote: Annotated[
        list[str] | None,
        typer.Option("--remote", help="Only this remote; may be said again.", show_default=False, callback=words.remote),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look; exits with 5 where something is not aligned.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Run `make check` first, and push nothing where it fails.")] = False,
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Push this branch to every git remote, never by force. Exits with 5 where a remote has commits that are not here. SKIP_PUSH=1
    only looks.
    """
    from ops.sync import sync as syncing
    from ops.sync.decide import Outcome

    here = checkout.find()
    request = syncing.Request(remotes=remote or (), is_dry=dry_run, is_checked=check, is_skipped=syncing.is_skipped())
    approval = confirm.Approval(is_yes=yes, level=approve, reason=reason)
    rows = syncing.sync(here, request, approval, lock_wait_s=lock_wait)
    if json:
        console.document({"remotes": rows, "log": None if dry_run else syncing.log_of(here)})
    else:
        _show(rows)
        if not dry_run:
            console.line(f"Noted in {syncing.log_of(here)}.")
    syncing.require_aligned(rows)
    if any(row.outcome in (Outcome.CONFLICT, Outcome.DUE) for row in rows):
        raise typer.Exit(DIFFERENT)


def _show(rows: list[Row]) -> None:
    cells = [
        (row.remote, row.outcome.value, row.before[:12] or "nothing", row.after[:12] or "nothing", row.detail) for row in rows
    ]
    console.table(["remote", "", "before", "after", ""], cells, STYLES)
    for row in rows:
        if row.next_step:
            console.line(f"{row.remote}: {row.next_step}.")
