"""
`flotilla deploy`, `flotilla rollback`, `flotilla release ...`: what is served.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from ops import checkout, console
from ops.commands import Approve, Json, LockWait, Reason, Stack, Yes, words
from ops.confirm import Approval

app = typer.Typer(help="What is served, and what was.", no_args_is_help=True, rich_markup_mode=None)


def deploy(
    projects: Annotated[
        list[str],
        typer.Argument(
            help="A project; or several, which go out together, each as PROJECT=REF or PROJECT/PROCESS=REF.",
            callback=words.asked,
        ),
    ],
    image: Annotated[
        list[str] | None,
        typer.Option(
            "--image",
            help="`:tag`, `repository:tag` or `repository@digest`; PROCESS=REF for a process' own image.",
            callback=words.image,
        ),
    ] = None,
    stack: Stack = "local",
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Serve a release: the new one starts beside the old one, takes over once it is healthy, and the old one goes.
    """
    from ops import deploying

    wanted = deploying.wanted(projects, image or [])
    approval = Approval(is_yes=yes, level=approve, reason=reason)
    told(deploying.deploy(checkout.find(), stack, wanted, approval, lock_wait_s=lock_wait), is_json=json)


def rollback(
    project: Annotated[str, typer.Argument(help="The project.", callback=words.name)],
    to: Annotated[int, typer.Option("--to", min=1, help="Which one before: 1 is the last, as `release list` counts.")] = 1,
    stack: Stack = "local",
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Serve again what was served before.
    """
    from ops import deploying

    approval = Approval(is_yes=yes, level=approve, reason=reason)
    told(deploying.rollback(checkout.find(), stack, project, to, approval, lock_wait_s=lock_wait), is_json=json)


@app.command("list")
def list_(
    project: Annotated[str | None, typer.Argument(help="Only this project.", callback=words.name)] = None,
    stack: Stack = "local",
    json: Json = False,
) -> None:
    """
    Show what serves and what served before, numbered as `rollback --to` takes it. Changes nothing.
    """
    from ops import release_history

    rows = release_history.rows(checkout.find(), stack, project)
    if json:
        console.document({"stack": stack, "releases": rows})
        return
    shown = [
        (row["project"], row["number"], row["release"], row["state"], row["until"], ", ".join(row["images"].values()))
        for row in rows
    ]
    console.table(["project", "number", "release", "state", "until", "images"], shown, {"serving": "green"})


@app.command()
def diff(
    project: Annotated[str, typer.Argument(help="The project.", callback=words.name)],
    first: Annotated[str, typer.Argument(help="A release, by number or digest.", callback=words.release)] = "1",
    second: Annotated[str, typer.Argument(help="Another one; 0 is what serves.", callback=words.release)] = "0",
    stack: Stack = "local",
    json: Json = False,
) -> None:
    """
    Compare two releases: images, their labels, and the settings that were changed in between. Changes nothing.
    """
    from ops import release_history

    show_difference(release_history.difference(checkout.find(), stack, project, first, second), is_json=json)


def show_difference(document: Mapping[str, Any], *, is_json: bool) -> None:
    """
    Two things side by side.
    """
    if is_json:
        console.document(document)
        return
    rows = [(row["what"], row["first"], row["second"]) for row in document["differences"]]
    if rows:
        console.table(["what", document["first"], document["second"]], rows)
    else:
        console.line(f"{document['first']} and {document['second']} are the same.")
    for text in document["notes"]:
        console.line(text)


def told(document: Mapping[str, Any], *, is_json: bool) -> None:
    """
    What became of an operation.
    """
    from ops import mutation
    from ops.rollout import NOTHING

    if is_json:
        console.document(document)
    elif document["status"] == NOTHING:
        console.line(f"{document['what']}: nothing to do, it serves already.")
    else:
        mutation.show(document)
