"""
`flotilla workflow ...` and `flotilla maintenance ...`.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops import checkout, confirm, console
from ops.commands import Approve, Json, LockWait, Reason, Stack, Yes, words

app = typer.Typer(help="Several operations in their order.", no_args_is_help=True, rich_markup_mode=None)
maintenance = typer.Typer(help="What is done each day and each week.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="The workflow: `flotilla workflow list`.", callback=words.name)]


@app.command("list")
def list_(json: Json = False) -> None:
    """
    The workflows that there are.
    """
    from ops.workflows.catalog import WORKFLOWS

    rows = [{"name": row.name, "title": row.title, "needs_project": row.needs_project} for row in WORKFLOWS.values()]
    if json:
        console.document({"workflows": rows})
        return
    console.table(["workflow", "what it does"], [(str(row["name"]), str(row["title"])) for row in rows])


@app.command()
def show(name: Name, json: Json = False) -> None:
    """
    The steps of a workflow, in their order.
    """
    from ops.workflows import catalog, work

    found = catalog.find(name)
    asked = work.Work(checkout=checkout.find(), stack="<stack>", approval=confirm.Approval(), project="<project>")
    rows = work.shape(found.build(asked))
    if json:
        console.document({"name": name, "title": found.title, "steps": rows})
        return
    console.line(f"{name}: {found.title}", "bold")
    for row in rows:
        about = [
            *(["at once with the others"] if row["is_parallel"] else []),
            *(["under a condition"] if row["is_conditional"] else []),
            *([] if row["is_blocking"] else ["does not stop the rest"]),
            *(["is taken back when a later one fails"] if row["has_undo"] else []),
        ]
        told = f" ({', '.join(about)})" if about else ""
        console.line(f"  {'  ' * row['depth']}{row['name']}{told}")


@app.command()
def run(
    name: Name,
    project: Annotated[
        str | None, typer.Option("--project", "-p", help="The project that it is about.", callback=words.name)
    ] = None,
    image: Annotated[
        str,
        typer.Option("--image", help="The image to serve: a tag such as `:1.4`, or a whole reference.", callback=words.image),
    ] = "",
    title: Annotated[str, typer.Option("--title", help="What is wrong, for an incident.", callback=words.sentence)] = "",
    watch: Annotated[int, typer.Option("--watch", min=0, help="How long a release is looked at, in seconds.")] = 30,
    stack: Stack = "local",
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Run one. Each step that changes something confirms and locks by itself; what each knows is handed on and kept in the report.
    """
    from ops.workflows.work import Work

    asked = Work(
        checkout=checkout.find(),
        stack=stack,
        approval=confirm.Approval(is_yes=yes, level=approve, reason=reason),
        project=project,
        title=title,
        images={"": image} if image else {},
        watch_s=watch,
        lock_wait_s=lock_wait,
    )
    _run(name, asked, is_json=json)


@maintenance.command()
def daily(stack: Stack = "local", json: Json = False) -> None:
    """
    Audit; a problem becomes an incident with what to do, otherwise monitoring is asked; then the report.
    """
    _maintain("daily-check", stack, is_json=json)


@maintenance.command()
def weekly(stack: Stack = "local", json: Json = False) -> None:
    """
    A full backup, a look at what can be cleaned up, and an inventory, at once; then the audit, and the week's report.
    """
    _maintain("weekly-maintenance", stack, is_json=json)


def _maintain(name: str, stack: str, *, is_json: bool) -> None:
    from ops.workflows.work import Work

    _run(name, Work(checkout=checkout.find(), stack=stack, approval=confirm.Approval()), is_json=is_json)


def _run(name: str, asked: Any, *, is_json: bool) -> None:
    from ops import mutation
    from ops.workflows import catalog, work

    document = work.run(catalog.find(name), asked)
    if is_json:
        console.document(document)
    else:
        mutation.show(document)
    work.require_success(document)
