"""
`flotilla cleanup`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ops import checkout, confirm, console
from ops.commands import Approve, Json, LockWait, Reason, Stack, Yes

if TYPE_CHECKING:
    from ops.cleanup.cleanup import Survey


def cleanup(
    apply: Annotated[
        bool, typer.Option("--apply/--dry-run", help="Remove what is shown; without it, it is only shown.")
    ] = False,
    volumes: Annotated[bool, typer.Option("--volumes", help="And Docker volumes that no container has: important.")] = False,
    stack: Stack = "local",
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Show what nobody needs any more: images of old releases, build cache, old logs and reports. With --apply it is removed.
    """
    from ops import mutation
    from ops.cleanup import cleanup as cleaning

    survey = cleaning.look(checkout.find(), stack, with_volumes=volumes)
    if not json:
        _show(survey)
    report = None
    if apply:
        approval = confirm.Approval(is_yes=yes, level=approve, reason=reason)
        report = cleaning.clean(survey, approval, lock_wait_s=lock_wait)
        if not json:
            mutation.show(report)
    if json:
        console.document(document(survey, report))
    elif not apply:
        console.line("Nothing was removed. `flotilla cleanup --apply` removes it.")


def document(survey: Survey, report: dict[str, Any] | None) -> dict[str, Any]:
    """
    As JSON has it.
    """
    return {
        "stack": survey.fleet.stack,
        "servers": survey.plans,
        "reports": survey.reports,
        "silent": survey.silent,
        "size_bytes": survey.size_bytes,
        "operation": report,
    }


def _show(survey: Survey) -> None:
    from ops.cleanup.cleanup import size

    for found in (*survey.plans, survey.reports):
        console.line(f"{found.server}: up to {size(found.size_bytes)} to be won", "bold")
        for item in found.items:
            console.line(f"  {item.kind}: {item.name} ({size(item.size_bytes)})")
        for item in found.listed:
            console.line(f"  not removed, decide yourself: {item.kind} {item.name} ({size(item.size_bytes)})", "yellow")
        for text in found.unknown:
            console.line(f"  unknown: {text}", "magenta")
    for text in survey.silent:
        console.line(f"did not answer: {text}", "magenta")
