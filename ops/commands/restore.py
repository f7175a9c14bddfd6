"""
`flotilla restore`: giving data back.
"""

from __future__ import annotations

import time
from typing import Annotated

import typer

from ops import checkout, confirm, console
from ops.commands import Approve, Json, LockWait, Reason, Stack, words
from ops.commands.backup import judge


def restore(
    project: Annotated[str | None, typer.Argument(help="The project; left out with --all.", callback=words.name)] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every database, in its place: for a new server in the place of a lost one.")
    ] = False,
    volume: Annotated[str | None, typer.Option("--volume", help="This volume, not the database.", callback=words.name)] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="As it was then, such as 2026-11-26T01:30:00Z.", callback=words.moment)
    ] = None,
    label: Annotated[str | None, typer.Option("--label", help="From this backup.", callback=words.name)] = None,
    over_existing: Annotated[
        bool, typer.Option("--over-existing", help="In the place of what is there, which is backed up before and kept aside.")
    ] = False,
    without_backup: Annotated[
        bool, typer.Option("--without-backup", help="Replace what cannot be read, and so not be backed up, any more.")
    ] = False,
    stack: Stack = "local",
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Restore a project's database (or volume) beside the existing one, or in its place, or all databases onto a new server.
    """
    from ops import backup, restore
    from ops.errors import SettingsError

    if bool(project) == everything:
        raise SettingsError("restore: name a project, or say --all. Nothing was done. See `flotilla restore --help`.")
    at, now = restore.moment(to), time.time()
    known = backup.fleet(checkout.find(), stack)
    if everything:
        plan = restore.plan_all(known.policies, at, now)
    else:
        plan = restore.plan(
            known.policies,
            str(project),
            volume=volume,
            is_over=over_existing,
            at=at,
            label=label,
            now=now,
            is_backed_up=not without_backup,
        )
    approval = confirm.Approval(level=approve, reason=reason)
    document = restore.change(checkout.find(), known, plan, approval, lock_wait_s=lock_wait)
    if json:
        console.document(document)
    else:
        for row in document["pieces"]:
            place = row.get("database") or row.get("path")
            kept = f"; what was there is {row['kept']}" if row.get("kept") else ""
            console.line(f"{row['project']}: {row['kind']} {row['name']} is {place} on {row['server']}{kept}")
        console.line(f"Report: {document['report']}")
        if document.get("recovered_until"):
            console.line(f"The last transaction in it is of {document['recovered_until']} UTC. It took {document['rto_s']} s.")
    judge(document["findings"], is_json=json)
