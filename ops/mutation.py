"""
The one way to change anything: confirm, lock, write down, do it step by step, undo what failed, write down, report.

    confirm -> lock -> backup gate -> "begun" in the history -> steps, undone in reverse if one fails -> report -> "ended"
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

from ops import confirm, console, engine, engine_lock, gate, history, lock, reports, shelf, signals, steps
from ops import stack as stacks
from ops.confirm import Approval, Level
from ops.errors import FlotillaError, RefusedError
from ops.lock import Holder
from ops.progress import say
from ops.steps import Context, Outcome, Sequential, StepStatus

SCHEMA = 1


class OperationFailedError(FlotillaError):
    """
    An operation failed or was interrupted; its report is written, and is `document`.
    """

    document: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Operation:
    """
    What is to be done. `name` is the command, `what` one sentence without its full stop, `facts` what is known beforehand.
    `is_gated`: not for what brings back the very data that the gate is about. `lock`: of ops.lock.NAMES, or None where each
    step takes its own. `beside`: what the report has, too, once the steps are over. `afterwards` follows a good end that is in
    the history, and never makes it a bad one. `stack` may be `ops.shelf.CHECKOUT`. `needs_clouds`: not for what can be done
    before the sandbox was ever started.
    """

    name: str
    what: str
    level: Level
    stack: str
    steps: Sequential
    project: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    is_gated: bool = True
    needs_clouds: bool = True
    lock: str | None = lock.NAME
    beside: Callable[[Context], Mapping[str, Any]] | None = None
    afterwards: Sequential | None = None


def mutate(checkout: Path, operation: Operation, approval: Approval, *, lock_wait_s: float = 0.0) -> dict[str, Any]:
    """
    Do it. Returns the operation's report, which is kept in reports/operations/ and says where.

    Raises: RefusedError where it was not confirmed, or the gate is closed; LockedError where somebody else is at it;
    OperationFailedError where it failed, with what was undone.
    """
    ask = stacks.environment if operation.needs_clouds else stacks.environment_of_state
    known = {} if operation.stack == shelf.CHECKOUT else ask(checkout)
    kept = shelf.of(checkout, operation.stack, known)
    common = _common(operation, approval)
    with ExitStack() as stack:
        stack.enter_context(signals.answered(signals.ENDING, _stop))
        with _noted(kept, common):
            confirm.require(operation.level, operation.what, stack=operation.stack, approval=approval)
            if operation.lock is not None:
                wanted = Holder.here(operation.name, operation.what)
                wait = lock.held(kept, operation.stack, wanted, wait_s=lock_wait_s, name=operation.lock)
                before = stack.enter_context(wait)
                _recover(checkout, operation, known, kept, common, before, lock_wait_s)
            if operation.is_gated and gate.is_asked(operation.level, operation.stack):
                gate.require(checkout, operation.stack)
        say(f"{operation.what} on {operation.stack} ({operation.level})")
        begun = history.append(kept, {**common, "event": "begun"})
        outcomes, document = _run(operation, {**common, "history": {name: begun[name] for name in ("seq", "hash")}})
        with steps.undisturbed():
            document = reports.write_operation(checkout, _file(document), document)
            words = {"event": "ended", "status": document["status"], "report": document["report"]}
            history.append(kept, {**common, **words})
            if operation.afterwards is not None and document["status"] == StepStatus.DONE:
                document = _afterwards(checkout, operation, operation.afterwards, outcomes, document)
    if document["status"] != StepStatus.DONE:
        raise _failure(outcomes, document)
    return document


def was_cut_short(checkout: Path, stack: str, known: Mapping[str, str]) -> bool:
    """
    Whether an operation, or an engine, that was killed has left its lock: whoever changes something next puts that in order.
    """
    kept = shelf.of(checkout, stack, known)
    holder = lock.holder(kept)
    engines = engine_lock.found(kept)
    return (holder is not None and holder.is_gone) or any(found.is_here and not found.is_alive for found in engines)


def _recover(
    checkout: Path,
    operation: Operation,
    known: Mapping[str, str],
    kept: shelf.Shelf,
    common: Mapping[str, Any],
    before: Holder | None,
    wait_s: float,
) -> None:
    """
    What an operation, or an engine, that was killed has left: told in the history, and put in order.
    """
    if before is not None:
        words = {"event": "taken over", "from": before.who, "their_operation": before.what, "their_since": before.since}
        history.append(kept, {**common, **words})
    if operation.lock != lock.NAME:
        return
    if before is not None:
        engine.await_rest(checkout, operation.stack)
    left = engine_lock.clear(checkout, operation.stack, known, kept, wait_s=wait_s)
    if before is None and not left:
        return
    unknown = engine_lock.settle(checkout, operation.stack, known)
    if left or unknown:
        history.append(kept, {**common, "event": "settled", "engine_locks": left, "pending": unknown})
        say(f"  A killed engine had left a lock or work half done; what is there was looked up ({len(unknown)} pending).")


@contextmanager
def _noted(kept: shelf.Shelf, common: Mapping[str, Any]) -> Iterator[None]:
    """
    A refusal is written down, too.
    """
    try:
        yield
    except RefusedError as error:
        history.append(kept, {**common, "event": "refused", "why": str(error)})
        raise


def _common(operation: Operation, approval: Approval) -> dict[str, Any]:
    return {
        "id": secrets.token_hex(4),
        "operation": operation.name,
        "what": operation.what,
        "level": operation.level,
        "stack": operation.stack,
        "project": operation.project,
        "who": lock.me(),
        "reason": approval.reason,
    }


def _run(operation: Operation, common: Mapping[str, Any]) -> tuple[tuple[Outcome, ...], dict[str, Any]]:
    """
    What became of the steps, and the report of it.
    """
    started, began = datetime.now(UTC), time.monotonic()
    context = Context(environment=operation.stack, project=operation.project, facts=dict(operation.facts))
    outcomes = steps.run(operation.steps, context)
    document = {
        "schema": SCHEMA,
        **common,
        "started": started.isoformat(timespec="seconds"),
        "duration_s": round(time.monotonic() - began, 2),
        "status": status_of(outcomes),
        "steps": steps.documents([outcome for outcome in outcomes if not _is_undo(outcome)]),
        "undo": steps.documents([outcome for outcome in outcomes if _is_undo(outcome)]),
        "critical": list(context.critical),
        "facts": dict(context.facts),
        "next_steps": next_steps(outcomes),
    }
    return outcomes, {**document, **(operation.beside(context) if operation.beside else {})}


def _afterwards(
    checkout: Path, operation: Operation, wanted: Sequential, outcomes: tuple[Outcome, ...], document: dict[str, Any]
) -> dict[str, Any]:
    """
    The report with what was done after the end; kept, too, where it can be.
    """
    later = steps.run(wanted, Context(environment=operation.stack, project=operation.project))
    told = {"steps": [*document["steps"], *steps.documents(later)], "next_steps": next_steps((*outcomes, *later))}
    with suppress(OSError):
        reports.write_operation(checkout, _file(document), {**document, **told})
    return {**document, **told}


def _file(document: Mapping[str, Any]) -> str:
    """
    The report's name: when, which command, and its own number.
    """
    when = datetime.fromisoformat(document["started"]).strftime("%Y%m%dT%H%M%SZ")
    return f"{when}-{document['operation'].replace(' ', '-')}-{document['id']}"


def _is_undo(outcome: Outcome) -> bool:
    return outcome.status in (StepStatus.UNDONE, StepStatus.UNDO_FAILED)


def status_of(outcomes: tuple[Outcome, ...]) -> StepStatus:
    """
    Of the whole: interrupted, failed or done. What was not blocking does not count.
    """
    stopped = [outcome.status for outcome in outcomes if outcome.stops]
    return StepStatus.INTERRUPTED if StepStatus.INTERRUPTED in stopped else StepStatus.FAILED if stopped else StepStatus.DONE


def next_steps(outcomes: tuple[Outcome, ...]) -> list[str]:
    """
    What a person does now.
    """
    told = [f"{found.name} could not be undone: {found.detail}" for found in outcomes if found.status is StepStatus.UNDO_FAILED]
    told += [
        f"{found.name} failed, and the rest went on without it: {found.detail}"
        for found in outcomes
        if found.status is StepStatus.FAILED and not found.is_blocking
    ]
    if any(outcome.status is StepStatus.INTERRUPTED for outcome in outcomes):
        told.append("Run the same command again: it goes on from what is there.")
    return told or ["Nothing has to be done."]


def _failure(outcomes: tuple[Outcome, ...], document: Mapping[str, Any]) -> OperationFailedError:
    """
    What failed and what was undone, with the exit code of the first that failed.
    """
    failed = [row for row in document["steps"] if row["status"] in (StepStatus.FAILED, StepStatus.INTERRUPTED)]
    said = "; ".join(f"{row['name']}: {row['detail']}" for row in failed)
    undone = [row["name"] for row in document["undo"] if row["status"] is StepStatus.UNDONE]
    kept = [row["name"] for row in document["undo"] if row["status"] is not StepStatus.UNDONE]
    back = f" Undone: {', '.join(undone)}." if undone else ""
    left = f" NOT undone: {', '.join(kept)}." if kept else ""
    error = OperationFailedError(f"{document['what']}: {said.rstrip('.')}.{back}{left} See {document['report']}.")
    error.exit_code = next((outcome.exit_code for outcome in outcomes if outcome.stops and outcome.exit_code), error.exit_code)
    error.document = document
    return error


def _stop() -> NoReturn:
    """
    Being told to end is like Ctrl-C: what was done is undone.
    """
    raise KeyboardInterrupt


def show(document: Mapping[str, Any]) -> None:
    """
    A report for people.
    """
    for fact in document["critical"]:
        console.line(fact, "bold red")
    styles = {"done": "green", "failed": "red", "interrupted": "red", "undone": "yellow", "undo-failed": "bold red"}
    rows = [
        (row["name"], row["status"], f"{row['duration_s']:.1f} s", row["detail"])
        for row in (*document["steps"], *document["undo"])
    ]
    console.table(["step", "status", "took", "what"], rows, styles)
    console.line(
        f"{document['what']}: {document['status']} in {document['duration_s']:.1f} s. Report: {document['report']}", "bold"
    )
    for text in document["next_steps"]:
        console.line(text)
