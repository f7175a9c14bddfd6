"""
`flotilla history` and `flotilla unlock`: who changed what, and who is at it.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ops import checkout, console
from ops.commands import Approve, Json, Reason, Stack, Yes
from ops.errors import FlotillaError

app = typer.Typer(help="The audit log: who changed what, when and why.", invoke_without_command=True, rich_markup_mode=None)


@app.callback()
def show(
    context: typer.Context,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many, the last ones.")] = 20,
    project: Annotated[str | None, typer.Option("--project", "-p", help="Only of this project.")] = None,
    stack: Stack = "local",
    json: Json = False,
) -> None:
    """
    The last lines of the audit log.
    """
    if context.invoked_subcommand is not None:
        return
    from ops import history, shelf
    from ops import stack as stacks

    here = checkout.find()
    found = history.read(shelf.of(here, stack, stacks.environment(here)))
    shown = [line for line in found if project in (None, line.get("project"))][-lines:]
    if json:
        console.document({"stack": stack, "lines": shown})
        return
    rows = [
        (f"{line['seq']}", line["at"][:19], *(str(line.get(name, "")) for name in ("who", "event", "status", "what")))
        for line in shown
    ]
    console.table(["no", "when (UTC)", "who", "event", "status", "what"], rows, {"failed": "red", "refused": "yellow"})


@app.command()
def verify(stack: Stack = "local", json: Json = False) -> None:
    """
    Whether the log is as it was written. Exits with 1 where a line was edited, removed, put in or moved.
    """
    from ops import history, shelf
    from ops import stack as stacks

    here = checkout.find()
    kept = shelf.of(here, stack, stacks.environment(here))
    problems, count = history.verify(kept), len(history.read(kept))
    if json:
        console.document({"stack": stack, "lines": count, "problems": problems})
    elif not problems:
        console.line(f"{stack}: {count} lines, all as they were written, in {kept.place}")
    if problems:
        raise FlotillaError(
            f"{kept.place}: {'; '.join(problems)}. Compare it with a copy, such as an older version in the bucket."
        )


def unlock(stack: Stack = "local", yes: Yes = False, approve: Approve = None, reason: Reason = "", json: Json = False) -> None:
    """
    Remove the lock of an operation that is surely gone, the engine's too. One that lives on this machine keeps it.
    """
    from ops import confirm, history, lock, mutation, shelf
    from ops import stack as stacks

    here = checkout.find()
    known = stacks.environment(here)
    kept = shelf.of(here, stack, known)
    found = lock.holder(kept)
    if found is not None:
        approval = confirm.Approval(is_yes=yes, level=approve, reason=reason)
        what = f"Remove the lock of {found.who}, who began at {found.since}: {found.what}"
        confirm.require(confirm.Level.IMPORTANT, what, stack=stack, approval=approval)
        lock.remove(kept, stack)
        mutation.settle(here, stack, known)
        history.append(kept, {"event": "unlocked", "stack": stack, "who": lock.me(), "what": what, "reason": reason})
    if json:
        console.document({"stack": stack, "removed": None if found is None else vars(found)})
    else:
        console.line(f"{stack}: nobody held the lock." if found is None else f"{stack}: the lock of {found.who} is gone.")
