"""
`flotilla history` and `flotilla unlock`: who changed what, and who is at it.
"""

from __future__ import annotations

from typing import Annotated

import typer

from ops import checkout, console
from ops.commands import Approve, Json, Reason, Yes, words
from ops.errors import FlotillaError

Place = Annotated[
    str,
    typer.Option(
        "--stack", "-s", help="The stack; `@checkout` for what belongs to none, such as `sync`.", callback=words.place
    ),
]
app = typer.Typer(help="The audit log: who changed what, when and why.", invoke_without_command=True, rich_markup_mode=None)


@app.callback()
def show(
    context: typer.Context,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many, the last ones.")] = 20,
    project: Annotated[str | None, typer.Option("--project", "-p", help="Only of this project.", callback=words.name)] = None,
    stack: Place = "local",
    json: Json = False,
) -> None:
    """
    The last lines of the audit log.
    """
    if context.invoked_subcommand is not None:
        return
    from ops import history, shelf

    found = history.read(shelf.find(checkout.find(), stack))
    shown = [line for line in found if project in (None, line.get("project"))][-lines:]
    if json:
        console.document({"stack": stack, "lines": shown})
        return
    names = ("seq", "at", "who", "event", "status", "what", "reason")
    rows = [tuple(_cell(line.get(name)) for name in names) for line in shown]
    console.table(
        ["no", "when (UTC)", "who", "event", "status", "what", "reason"],
        rows,
        {"failed": "red", "interrupted": "red", "refused": "yellow", "unlocked": "yellow"},
    )


def _cell(value: object) -> str:
    """
    On one line, and without what a terminal would obey.
    """
    text = "" if value is None else str(value)
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


@app.command()
def verify(stack: Place = "local", json: Json = False) -> None:
    """
    Whether the log is as it was written. Exits with 1 where a line was edited, removed, put in or moved.
    """
    from ops import history, shelf

    kept = shelf.find(checkout.find(), stack)
    problems, count = history.verify(kept), len(history.read(kept))
    if json:
        console.document({"stack": stack, "lines": count, "problems": problems})
    elif not problems:
        console.line(f"{stack}: {count} lines, all as they were written, in {kept.place}")
    if problems:
        raise FlotillaError(
            f"{kept.place}: {'; '.join(problems)}. Compare it with a copy, such as an older version in the bucket."
        )


def unlock(stack: Place = "local", yes: Yes = False, approve: Approve = None, reason: Reason = "", json: Json = False) -> None:
    """
    Remove the locks of an operation that is surely gone, the engine's too, and look what it has left undone. One that lives on
    this machine keeps its lock.
    """
    from ops import unlock as unlocking
    from ops.confirm import Approval

    found = unlocking.unlock(checkout.find(), stack, Approval(is_yes=yes, level=approve, reason=reason))
    if json:
        console.document(found)
        return
    console.line(f"{stack}: {'nobody held a lock' if not found['removed'] else 'it is free again'}.")
    for line in found["removed"]:
        console.line(f"  removed: {line}")
    for line in found["pending"]:
        console.line(f"  looked up, because it was half done: {line}")
    if found["pending"]:
        console.line(f"Look at what an update would do now: `flotilla plan -s {stack}`.")
