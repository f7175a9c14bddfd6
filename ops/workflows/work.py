"""
What a workflow is given, and how one is run and written down.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops import lock, mutation, reports, steps
from ops.confirm import Approval
from ops.errors import FlotillaError, SettingsError
from ops.steps import Context, Parallel, Sequential, Step, StepStatus

SCHEMA = 1


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
    A workflow that is shipped: `build` makes its steps. Nothing is asked while it does.
    """

    name: str
    title: str
    build: Callable[[Work], Sequential]
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
    Do it, and keep its report in reports/operations/. Returns the report; what failed is in it.
    """
    require(workflow, work)
    started, began = datetime.now(UTC), time.monotonic()
    context = Context(environment=work.stack, project=work.project)
    outcomes = steps.run(workflow.build(work), context)
    undone = (StepStatus.UNDONE, StepStatus.UNDO_FAILED)
    document = {
        "schema": SCHEMA,
        "id": secrets.token_hex(4),
        "operation": f"workflow {workflow.name}",
        "what": workflow.title,
        "stack": work.stack,
        "project": work.project,
        "who": lock.me(),
        "reason": work.approval.reason,
        "started": started.isoformat(timespec="seconds"),
        "duration_s": round(time.monotonic() - began, 2),
        "status": mutation.status_of(outcomes),
        "steps": steps.documents([row for row in outcomes if row.status not in undone]),
        "undo": steps.documents([row for row in outcomes if row.status in undone]),
        "critical": list(context.critical),
        "facts": dict(context.facts),
        "context": context.document(),
        "actions": list(context.facts.get("actions", [])),
        "next_steps": [*mutation.next_steps(outcomes), *context.facts.get("next_steps", [])],
    }
    name = f"{started.strftime('%Y%m%dT%H%M%SZ')}-workflow-{workflow.name}-{document['id']}"
    return reports.write_operation(work.checkout, name, document)


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
