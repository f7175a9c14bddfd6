"""
`flotilla canary ...`: a new release on a share of the traffic.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops import checkout, console
from ops.commands import Approve, Json, LockWait, Reason, Stack, Yes, words
from ops.commands.release import told
from ops.confirm import Approval

app = typer.Typer(help="Try a release on a share of the traffic.", no_args_is_help=True, rich_markup_mode=None)

Project = Annotated[str, typer.Argument(help="The project.", callback=words.name)]
Weight = Annotated[int | None, typer.Option("--weight", min=1, max=99, help="Its share in percent, else the next step's.")]


@app.command()
def start(
    project: Project,
    image: Annotated[
        list[str],
        typer.Option(
            "--image",
            help="`:tag`, `repository:tag` or `repository@digest`; PROCESS=REF for a process' own image.",
            callback=words.image,
        ),
    ],
    weight: Weight = None,
    auto: Annotated[
        bool,
        typer.Option("--auto", help="Raise its share step by step while it does well, and take it back where it does not."),
    ] = False,
    stack: Stack = "local",
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Serve a release beside the one that serves, with a share of the traffic.
    """
    from ops import deploying, releases
    from ops.canary import automatic, operation

    here = checkout.find()
    caller = operation.Caller(approval=Approval(is_yes=yes, level=approve, reason=reason), lock_wait_s=lock_wait)
    images = deploying.wanted([project], image)[project]
    share = weight or releases.look(here, stack).project(project).canary.steps[0]
    report = operation.start(here, stack, project, images, share, caller)
    told(automatic.run(here, stack, project, caller) if auto else report, is_json=json)


@app.command()
def step(
    project: Project,
    weight: Weight = None,
    stack: Stack = "local",
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Give it another share of the traffic: the next step of the project's file, or `--weight`.
    """
    from ops.canary import operation

    caller = operation.Caller(approval=Approval(is_yes=yes, level=approve, reason=reason), lock_wait_s=lock_wait)
    told(operation.step(checkout.find(), stack, project, weight, caller), is_json=json)


@app.command()
def watch(
    project: Project,
    stack: Stack = "local",
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Go on by itself from the share that it has: to the next steps while it does well, and back where it does not.
    """
    from ops import confirm, releases
    from ops.canary import automatic, operation

    here = checkout.find()
    stand = releases.look(here, stack)
    tried = operation.running(stand, project)
    approval = Approval(is_yes=yes, level=approve, reason=reason)
    what = f"Let the canary {tried.short_digest} of {project} go its way"
    confirm.require(operation.level(stand), what, stack=stack, approval=approval)
    caller = operation.Caller(approval=approval, lock_wait_s=lock_wait)
    told(automatic.run(here, stack, project, caller), is_json=json)


@app.command()
def promote(
    project: Project,
    stack: Stack = "local",
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Give it all traffic; the release beside it is what `flotilla rollback` goes back to.
    """
    from ops.canary import operation

    caller = operation.Caller(approval=Approval(is_yes=yes, level=approve, reason=reason), lock_wait_s=lock_wait)
    told(operation.promote(checkout.find(), stack, project, caller), is_json=json)


@app.command()
def abort(
    project: Project,
    stack: Stack = "local",
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Take it back: all traffic goes to the release beside it.
    """
    from ops.canary import operation

    caller = operation.Caller(approval=Approval(is_yes=yes, level=approve, reason=reason), lock_wait_s=lock_wait, reason=reason)
    told(operation.abort(checkout.find(), stack, project, caller), is_json=json)


@app.command()
def status(stack: Stack = "local", json: Json = False) -> None:
    """
    Which canaries are on, with their shares. Changes nothing.
    """
    from ops.canary import shares
    from settings.releases import load_releases, releases_file

    served = load_releases(releases_file(checkout.find(), stack)).projects
    rows: list[dict[str, Any]] = [
        {
            "project": name,
            "canary": tried.short_digest,
            "weight": tried.weight,
            "slot": tried.slot,
            "stable": shares.stable(found).short_digest,
            "image": tried.image,
        }
        for name, found in sorted(served.items())
        if (tried := shares.canary(found))
    ]
    if json:
        console.document({"stack": stack, "canaries": rows})
    elif rows:
        shown = [(row["project"], row["canary"], f"{row['weight']} %", row["stable"], row["image"]) for row in rows]
        console.table(["project", "canary", "share", "stable", "image"], shown)
    else:
        console.line(f"{stack}: no canary is on.")
