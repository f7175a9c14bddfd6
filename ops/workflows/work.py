"""
What a workflow is given, and how one is run and written down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops.confirm import Approval, Level
from ops.errors import FlotillaError, SettingsError
from ops.mutation import Operation, OperationFailedError, mutate, next_steps
from ops.steps import Context, Parallel, Sequential, Step, StepStatus


@dataclass(frozen=True, kw_only=True)
class Work:
    """
    What was asked for. `images` are for a release: {process, or "" for the project itself: reference}. Every step that changes
    something confirms and locks by itself, with this approval.
    """

    checkout: Path
    stack: str
    approval: Approval
    project: str | None = None
    title: str = ""
    images: Mapping[str, str] = field(default_factory=dict)
    watch_s: float = 30.0
    lock_wait_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """
    A workflow that is shipped: `build` makes its steps. Nothing is asked while it does. `level`: of its own; a step that
    changes more confirms that by itself.
    """

    name: str
    title: str
    build: Callable[[Work], Sequential]
    level: Level = Level.STANDARD
    needs_project: bool = False
    needs_image: bool = False


def require(workflow: Workflow, work: Work) -> None:
    """
    Raises: SettingsError where something is missing that it needs.
    """
    if workflow.needs_project and not work.project:
        raise SettingsError(f"{workflow.name}: it is about one project. Nothing was done. Add `--project NAME`.")
    if workflow.needs_image and not work.images:
        raise SettingsError(f"{workflow.name}: it serves an image. Nothing was done. Add `--image REF`.")


def run(workflow: Workflow, work: Work) -> dict[str, Any]:
    """
    Do it as an operation, without a lock of its own: each step takes the one that it needs. Returns the report; what failed is
    in it.
    """
    require(workflow, work)
    operation = Operation(
        name=f"workflow {workflow.name}",
        what=workflow.title,
        level=workflow.level,
        stack=work.stack,
        project=work.project,
        steps=workflow.build(work),
        lock=None,
        beside=_handed_on,
    )
    try:
        return mutate(work.checkout, operation, work.approval)
    except OperationFailedError as error:
        return dict(error.document)


def _handed_on(context: Context) -> dict[str, Any]:
    """
    What its report has that others' have not.
    """
    return {
        "context": context.document(),
        "actions": list(context.facts.get("actions", [])),
        "next_steps": [*next_steps(tuple(context.previous)), *context.facts.get("next_steps", [])],
    }


def require_success(document: Mapping[str, Any]) -> None:
    """
    Raises: FlotillaError where a blocking step failed.
    """
    if document["status"] != StepStatus.DONE:
        failed = [row for row in document["steps"] if row["status"] in (StepStatus.FAILED, StepStatus.INTERRUPTED)]
        said = "; ".join(f"{row['name']}: {row['detail'].rstrip('.')}" for row in failed)
        raise FlotillaError(f"{document['what']}: {said}. What was undone is in {document['report']}.")


def shape(node: Sequential | Parallel | Step, depth: int = 0) -> list[dict[str, Any]]:
    """
    A workflow's steps for people, each with how deep it is, whether it blocks, has a condition and a way back.
    """
    if isinstance(node, Step):
        about = {"is_blocking": node.is_blocking, "is_conditional": node.when is not None, "has_undo": node.undo is not None}
        return [{"name": node.name, "depth": depth, "is_parallel": False, **about}]
    inner: Sequence[Any] = node.steps
    is_parallel = isinstance(node, Parallel)
    found = [row for part in inner for row in shape(part, depth + is_parallel)]
    return [{**row, "is_parallel": row["is_parallel"] or is_parallel} for row in found]
