"""
Do what a plan says: what a killed operation left is settled, then plan, confirm, update, verify, report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ops import engine, grading, pending, plan_text, saved_plan, verify
from ops import plan as plans
from ops import stack as stacks
from ops.confirm import Approval, Level
from ops.dossier import keeping
from ops.errors import ChangedError, FlotillaError, RefusedError
from ops.events import Change, Event, Finished
from ops.mutation import Operation, mutate, was_cut_short
from ops.plan import Plan
from ops.progress import say
from ops.steps import Context, Sequential, Step
from ops.world import world_of

SHOWN_ERRORS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """
    What was asked for. `saved` is a plan that nothing else may be done than.
    """

    stack: str
    saved: Path | None = None
    targets: tuple[str, ...] = ()
    is_refreshed: bool = False
    is_destroy: bool = False


def apply(
    checkout: Path,
    wanted: Wanted,
    approval: Approval,
    *,
    lock_wait_s: float = 0.0,
    on_plan: Callable[[Plan], None] | None = None,
) -> dict[str, Any]:
    """
    Do it, and return the operation's report; where there is nothing to do, a document that says so. `on_plan` is told the plan
    before anybody is asked.

    Raises: ChangedError, PolicyError, RefusedError, LockedError before anything was done; OperationFailedError.
    """
    known = stacks.environment(checkout)
    engine.await_rest(checkout, wanted.stack)
    planned = _planned(checkout, wanted, known)
    if on_plan:
        on_plan(planned)
    plans.require_policies(planned)
    left = pending.of(checkout, wanted.stack, known)
    if planned.is_empty and not left and not was_cut_short(checkout, wanted.stack, known):
        return {"schema": saved_plan.SCHEMA, "operation": "apply", "stack": wanted.stack, "status": "nothing to do"}
    require_unprotected(planned)
    return mutate(checkout, operation(checkout, planned, known, bool(left)), approval, lock_wait_s=lock_wait_s)


def _planned(checkout: Path, wanted: Wanted, known: Mapping[str, str]) -> Plan:
    saved = saved_plan.read(wanted.saved) if wanted.saved else {}
    targets = tuple(saved.get("targets", wanted.targets))
    is_destroy = bool(saved.get("is_destroy", wanted.is_destroy))
    is_refreshed = bool(saved.get("is_refreshed", wanted.is_refreshed))
    if saved and saved["stack"] != wanted.stack:
        raise RefusedError(
            f"{wanted.saved}: this plan is of {saved['stack']}, not of {wanted.stack}. Nothing was done. Add -s."
        )
    planned = plans.make(checkout, wanted.stack, known, targets=targets, is_refreshed=is_refreshed, is_destroy=is_destroy)
    if wanted.saved:
        saved_plan.require_same(saved, planned, wanted.saved)
    return planned


def operation(checkout: Path, planned: Plan, known: Mapping[str, str], is_pending: bool) -> Operation:
    """
    The plan as one operation, with its level.
    """
    word = "Destroy" if planned.is_destroy else "Apply"
    level = max(planned.level, Level.STANDARD, key=lambda found: found.rank)
    return Operation(
        name="apply",
        what=f"{word} {len(planned.told)} changes of {plan_text.summary(planned).rstrip('.')}",
        level=level,
        stack=planned.stack,
        facts={"plan": [f"{row.level}: {row.line}" for row in planned.told], "eur_per_month": planned.eur},
        is_gated=loses_something(planned),
        afterwards=keeping.afterwards(checkout, planned.stack, "apply", is_gone=planned.is_destroy and not planned.targets),
        steps=Sequential(
            steps=(
                Step(
                    name="settle what was cut short",
                    run=lambda _: pending.settle(checkout, planned.stack, known),
                    when=lambda _: is_pending,
                ),
                Step(name="see that the plan still holds", run=lambda _: _still(checkout, planned, known, is_pending)),
                Step(name="update", run=lambda context: _update(checkout, planned, known, context)),
                Step(
                    name="see that nothing is left to do",
                    run=lambda _: _nothing_left(checkout, planned, known),
                    when=lambda _: not planned.is_destroy,
                ),
                Step(
                    name="see that what changed is well",
                    run=lambda context: verify.changed(checkout, planned, context),
                    when=lambda _: not planned.is_destroy,
                    is_blocking=False,
                ),
            )
        ),
    )


def loses_something(planned: Plan) -> bool:
    """
    Whether the backup gate is asked: not where all that is critical only adds something, as when a stack is first brought up.
    """
    if planned.is_destroy:
        return True
    return any(row.level is Level.CRITICAL and row.change is not Change.CREATE for row in planned.changes)


def require_unprotected(planned: Plan) -> None:
    """
    Raises: RefusedError where something would be deleted that is protected.
    """
    if planned.protected:
        names = ", ".join(urn.rpartition("::")[2] for urn in planned.protected)
        raise RefusedError(
            f"{planned.stack}: {names}: protected, and this would delete it. Nothing was done. If that is meant, take the "
            f"protection off first: `pulumi state unprotect '<URN>' -s {planned.stack}`, and that of the cloud itself."
        )


def _still(checkout: Path, planned: Plan, known: Mapping[str, str], is_pending: bool) -> str:
    """
    Under the lock: somebody may have been at it since the plan was made.
    """
    now = world_of(checkout, planned.stack, known)
    if now != planned.world and not (is_pending and now.settings == planned.world.settings):
        raise ChangedError(
            f"{planned.stack}: its settings or state changed after the plan was made. Nothing was done. Run the command again."
        )
    return "settings and state are as planned"


def _update(checkout: Path, planned: Plan, known: Mapping[str, str], context: Context) -> str:
    done = engine.update(
        checkout,
        planned.stack,
        known,
        targets=planned.targets,
        on_event=_tell,
        message=f"flotilla apply: {planned.level}",
        is_refreshed=planned.is_refreshed,
        is_destroy=planned.is_destroy,
    )
    context.facts["changes"] = dict(done.changes)
    if not done.is_ok:
        context.facts["failed"] = list(done.failed)
        said = "; ".join(" ".join(text.split()) for text in done.errors[:SHOWN_ERRORS])
        raise FlotillaError(
            f"{planned.stack}: {said}. What was done stays, and its state is saved. Correct the cause, then run the same "
            f"command again."
        )
    return ", ".join(f"{count} {name}" for name, count in sorted(done.changes.items())) or "nothing was changed"


def _tell(event: Event) -> None:
    if isinstance(event, Finished) and event.is_change and not event.type.startswith(("flotilla:", "pulumi:")):
        say(f"  {event.operation if event.is_ok else 'FAILED':8} {event.urn.rpartition('::')[2]}")


def _nothing_left(checkout: Path, planned: Plan, known: Mapping[str, str]) -> str:
    seen = engine.preview(checkout, planned.stack, known, targets=planned.targets, is_refreshed=planned.is_refreshed)
    left = grading.grade(seen.steps)
    if not seen.is_ok or left:
        raise FlotillaError(
            f"{planned.stack}: {len(left)} changes are still to be made after the update: "
            f"{'; '.join(row.line for row in left[:3])}. Run `flotilla plan -s {planned.stack}`."
        )
    return "a second preview has no changes"
