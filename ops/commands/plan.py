"""
`flotilla plan` and `flotilla apply`.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ops import checkout, confirm, console, progress
from ops.commands import Approve, Json, LockWait, Reason, Stack, Yes, words

if TYPE_CHECKING:
    from ops.plan import Plan

Refresh = Annotated[bool, typer.Option("--refresh", help="Ask the clouds first, and tell what was changed by hand.")]
Target = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        "-t",
        help="Only this resource (URN) and what depends on it; may be repeated.",
        show_default=False,
        callback=words.resource,
    ),
]
Destroy = Annotated[bool, typer.Option("--destroy", help="Everything is taken away; always critical.")]


def plan(
    stack: Stack = "local",
    refresh: Refresh = False,
    target: Target = None,
    destroy: Destroy = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As a comment for a pull request.")] = False,
    save: Annotated[
        Path | None,
        typer.Option("--save", help="Keep it for `flotilla apply --plan`.", show_default=False, callback=words.path),
    ] = None,
    json: Json = False,
) -> None:
    """
    What would change, how dangerous it is, who notices, what it costs. Changes nothing; exits with 4 where a policy forbids it.
    """
    from ops import plan as plans
    from ops import plan_text, saved_plan
    from ops import stack as stacks

    here = checkout.find()
    with progress.step(f"ask the engine about {stack}"):
        made = plans.make(here, stack, stacks.environment(here), targets=target or (), is_refreshed=refresh, is_destroy=destroy)
    if save:
        saved_plan.save(made, save)
    if json:
        console.document(made.document())
    elif markdown:
        console.raw(plan_text.markdown(made))
    else:
        for line, style in plan_text.lines(made):
            console.line(line, style)
        console.line(
            f"Saved: `flotilla apply -s {stack} --plan {shlex.quote(str(save))}` does exactly this."
            if save
            else plan_text.next_step(made)
        )
    plans.require_policies(made)


def apply(
    stack: Stack = "local",
    saved: Annotated[
        Path | None,
        typer.Option(
            "--plan", help="Only what this saved plan says; refused (5) where it no longer holds.", callback=words.path
        ),
    ] = None,
    refresh: Refresh = False,
    target: Target = None,
    destroy: Destroy = False,
    lock_wait: LockWait = 0,
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    json: Json = False,
) -> None:
    """
    Do what `flotilla plan` says: asks as its danger deserves, updates, looks whether all is well, and keeps a report.
    """
    from ops import apply, mutation, plan_text

    wanted = apply.Wanted(stack=stack, saved=saved, targets=tuple(target or ()), is_refreshed=refresh, is_destroy=destroy)
    approval = confirm.Approval(is_yes=yes, level=approve, reason=reason)
    here = checkout.find()

    def show(made: Plan) -> None:
        if not json:
            for line, style in plan_text.lines(made):
                console.line(line, style)

    report = apply.apply(here, wanted, approval, lock_wait_s=lock_wait, on_plan=show)
    if json:
        console.document(report)
    elif report.get("steps"):
        mutation.show(report)
