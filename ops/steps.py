"""
A workflow: steps one after the other or at once, each blocking or not, under a condition or not, with a way back or not.

What a blocking step fails at stops the workflow; then everything that was done is undone in reverse, as far as it has a way
back. What was handed on, done and undone is recorded.
"""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ops import signals
from ops.errors import FlotillaError
from ops.progress import say

STOPPED = "somebody stopped it"


class StepStatus(StrEnum):
    """
    What became of a step.
    """

    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"
    UNDONE = "undone"
    UNDO_FAILED = "undo-failed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """
    What became of a step, or of its undoing; `detail` is one line, `exit_code` that of the error where it failed.
    """

    name: str
    status: StepStatus
    detail: str = ""
    duration_s: float = 0.0
    is_blocking: bool = True
    exit_code: int = 0

    @property
    def stops(self) -> bool:
        """
        Whether nothing comes after it.
        """
        return self.status is StepStatus.INTERRUPTED or (self.status is StepStatus.FAILED and self.is_blocking)


@dataclass(kw_only=True)
class Context:
    """
    What is handed from step to step. `facts` are JSON values and no secrets; `previous` are the outcomes so far; `critical` is
    what a person has to know first.
    """

    environment: str
    project: str | None = None
    facts: MutableMapping[str, Any] = field(default_factory=dict)
    previous: MutableSequence[Outcome] = field(default_factory=list)
    critical: MutableSequence[str] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """
        As reports have it.
        """
        return {
            "project": self.project,
            "environment": self.environment,
            "context": dict(self.facts),
            "previous_steps": [f"{outcome.name}: {outcome.status}" for outcome in self.previous],
            "critical_info": list(self.critical),
        }


@dataclass(frozen=True, kw_only=True)
class Step:
    """
    One thing to do. `run` returns one line on what was done and raises FlotillaError where it failed; `undo` takes it back, and
    is called where a later step failed, or this one was interrupted or failed half-way and `is_undone_on_failure`. `when`: not
    at all without this.
    """

    name: str
    run: Callable[[Context], str | None]
    undo: Callable[[Context], str | None] | None = None
    is_blocking: bool = True
    when: Callable[[Context], bool] | None = None
    is_undone_on_failure: bool = False


@dataclass(frozen=True, kw_only=True)
class Parallel:
    """
    All at once; over when the last one is.
    """

    steps: tuple[Step | Sequential, ...]


@dataclass(frozen=True, kw_only=True)
class Sequential:
    """
    One after the other.
    """

    steps: tuple[Step | Parallel | Sequential, ...]


Node = Step | Parallel | Sequential


def run(workflow: Sequential, context: Context) -> tuple[Outcome, ...]:
    """
    Do it. What fails is in the outcomes, with what was undone because of it; an interruption (Ctrl-C) is one of them, too.
    """
    running = _Running(context)
    try:
        running.go(workflow)
    except KeyboardInterrupt:
        running.note(Outcome(name="the operation", status=StepStatus.INTERRUPTED, detail=STOPPED))
    if running.has_stopped:
        with undisturbed():
            running.undo()
    return tuple(context.previous)


def undisturbed() -> AbstractContextManager[None]:
    """
    While something is undone or written down, who presses Ctrl-C once more (or ends this process) is told to wait.
    """
    return signals.answered(signals.STOPPING, lambda: say("  wait: this is being brought to an end"))


class _Running:
    """
    One run of a workflow.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._done: list[Step] = []
        self._lock = threading.Lock()
        self._is_interrupted = False

    @property
    def has_stopped(self) -> bool:
        return self._is_interrupted or any(outcome.stops for outcome in tuple(self.context.previous))

    def note(self, outcome: Outcome) -> None:
        with self._lock:
            self.context.previous.append(outcome)
        told = f": {outcome.detail}" if outcome.detail else ""
        say(f"  {outcome.status:6} {outcome.name}{told} ({outcome.duration_s:.1f} s)")

    def go(self, node: Node) -> None:
        if self.has_stopped:
            return
        match node:
            case Step():
                self._step(node)
            case Sequential():
                for part in node.steps:
                    self.go(part)
            case Parallel():
                self._at_once(node)

    def _at_once(self, group: Parallel) -> None:
        with ThreadPoolExecutor(max(1, len(group.steps))) as pool:
            try:
                for future in [pool.submit(self.go, part) for part in group.steps]:
                    future.result()
            except KeyboardInterrupt:
                self._is_interrupted = True  # what has begun ends; what has not does not begin
                raise

    def _step(self, step: Step) -> None:
        started = time.monotonic()
        status, detail, code = StepStatus.DONE, "", 0
        try:
            if step.when is not None and not step.when(self.context):
                status = StepStatus.SKIPPED
            else:
                detail = step.run(self.context) or ""
        except FlotillaError as error:
            status, detail, code = StepStatus.FAILED, str(error), error.exit_code
        except KeyboardInterrupt:
            status, detail, code = StepStatus.INTERRUPTED, STOPPED, FlotillaError.exit_code
        except Exception as error:
            status, detail, code = StepStatus.FAILED, _unexpected(error), FlotillaError.exit_code
        if status is StepStatus.DONE or (step.is_undone_on_failure and status is not StepStatus.SKIPPED):
            with self._lock:
                self._done.append(step)
        self.note(
            Outcome(
                name=step.name,
                status=status,
                detail=detail,
                duration_s=round(time.monotonic() - started, 2),
                is_blocking=step.is_blocking,
                exit_code=code,
            )
        )

    def undo(self) -> None:
        """
        In reverse of the order in which it was done. One that cannot be undone does not keep the others from it.
        """
        for step in reversed(self._done):
            if step.undo is None:
                continue
            started = time.monotonic()
            status = StepStatus.UNDONE
            try:
                detail = step.undo(self.context) or ""
            except FlotillaError as error:
                status, detail = StepStatus.UNDO_FAILED, str(error)
            except Exception as error:
                status, detail = StepStatus.UNDO_FAILED, _unexpected(error)
            self.note(Outcome(name=step.name, status=status, detail=detail, duration_s=round(time.monotonic() - started, 2)))


def _unexpected(error: Exception) -> str:
    """
    A defect in one line; with --verbose its traceback on standard error.
    """
    if os.environ.get("FLOTILLA_VERBOSE"):
        traceback.print_exception(error)
    return f"unexpected {type(error).__name__}: {' '.join(str(error).split())}"


def documents(outcomes: Sequence[Outcome]) -> list[Mapping[str, Any]]:
    """
    Outcomes as reports have them.
    """
    return [
        {"name": outcome.name, "status": outcome.status, "detail": outcome.detail, "duration_s": outcome.duration_s}
        for outcome in outcomes
    ]
