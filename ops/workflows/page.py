"""
The report of a daily check and of a week: a Markdown page and the same as JSON, under `reports/maintenance/`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ops.cleanup.cleanup import size
from ops.incidents import folder
from ops.steps import Context, StepStatus
from ops.workflows.work import Work


def write(work: Work, context: Context, *, name: str) -> str:
    """
    What was found and done, where the next steps stand first.
    """
    now = datetime.now(UTC)
    place = work.checkout / "reports" / "maintenance"
    stem = f"{name}-{work.stack}-{now.strftime('%Y%m%dT%H%M%SZ')}"
    folder.write(place / f"{stem}.json", json.dumps(context.document(), indent=2, default=str) + "\n")
    folder.write(place / f"{stem}.md", render(name, work.stack, now, context))
    context.facts["report_page"] = str(place / f"{stem}.md")
    return str(place / f"{stem}.md")


def render(name: str, stack: str, now: datetime, context: Context) -> str:
    """
    The page: pure.
    """
    facts = context.facts
    status = facts["audit"]["status"] if "audit" in facts else "UNKNOWN: the audit did not end"
    failed = [f"{row.name}: {row.detail}" for row in context.previous if row.status is StepStatus.FAILED]
    parts = [
        f"# {name.capitalize()} report of {stack}, {now.date().isoformat()}",
        "",
        f"Status: **{status}**",
        "",
        *_section("Failed, and to be looked at", failed, "Nothing."),
        *_section("What to do", [*facts.get("next_steps", []), *_actions(facts.get("actions", []))], "Nothing."),
        *_section("Critical", list(dict.fromkeys(context.critical)), "Nothing."),
        *_section("Steps", [f"{row.name}: {row.status}. {row.detail}" for row in context.previous], "None."),
    ]
    if "week" in facts:
        parts += _section("The week", facts["week"]["lines"], "Nothing was kept.")
    if "cleanup" in facts:
        rows = [f"{server}: {size(count)}" for server, count in facts["cleanup"]["bytes"].items()]
        parts += _section("Space that can be won", rows, "None.")
    if "backup" in facts:
        rows = [f"{row['resource']}: {row['kind']} {row['label']}" for row in facts["backup"]["made"]]
        parts += _section("Backed up", rows, "Nothing.")
    return "\n".join(parts)


def _section(title: str, rows: Sequence[str], none: str) -> list[str]:
    return [f"## {title}", "", *([f"- {' '.join(str(row).split())}" for row in rows] or [none]), ""]


def _actions(actions: Sequence[Mapping[str, Any]]) -> list[str]:
    unique = {(row["action"], row["command"]): row for row in actions}
    return [f"{row['action']}: `{row['command']}`" for row in list(unique.values())[:20]]


def post_mortem(_: Work, context: Context) -> str:
    """
    Where it is; the incident stays open until a person closes it.
    """
    found = context.facts["incident"]
    context.facts.setdefault("next_steps", []).append(
        f'When it is over: `flotilla incident close {found["id"]} --resolution "..."`, and complete {found["post_mortem"]}'
    )
    return str(found["post_mortem"])
