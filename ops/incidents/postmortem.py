"""
The post-mortem: a Markdown file with everything that is known, and room for what only people know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MARK = "_to be written_"


def render(incident: Mapping[str, Any], collected: Mapping[str, Any]) -> str:
    """
    The file. `incident` is the incident's document, `collected` what the last collection found.
    """
    parts = [
        f"# {_text(incident['title'])}",
        "",
        *_head(incident, collected),
        "",
        "## What happened",
        "",
        _text(incident.get("resolution") or MARK),
        "",
        "## Who noticed it, and how long it lasted for users",
        "",
        MARK,
        "",
        "## Timeline (UTC)",
        "",
        *_timeline(collected["timeline"]),
        "",
        "## What was found",
        "",
        *_findings(collected["findings"]),
        "",
        "## What was changed before",
        "",
        *_list([f"{row['time']} {row['what']}" for row in collected["changes"]], "Nothing within a day."),
        "",
        "## Runbooks that fit",
        "",
        *_runbooks(collected["runbooks"]),
        "",
        "## What could not be looked at",
        "",
        *_list(collected["notes"], "Everything answered."),
        "",
        "## Why it happened",
        "",
        MARK,
        "",
        "## What is done so that it does not happen again",
        "",
        f"- [ ] {MARK} (who, until when)",
        "",
    ]
    return "\n".join(parts)


def runbook(suggestions: Sequence[Mapping[str, Any]]) -> str:
    """
    What to do next, as a file of its own.
    """
    return "\n".join(["# What to do", "", *_runbooks(suggestions), ""])


def _head(incident: Mapping[str, Any], collected: Mapping[str, Any]) -> list[str]:
    rows = {
        "Id": incident["id"],
        "Environment": incident["stack"],
        "Project": incident["project"] or "all",
        "Started": incident["started"],
        "Closed": incident.get("closed") or "open",
        "Status at the last look": collected["status"],
        "Servers": ", ".join(collected["servers"]) or "none answered",
        "By": incident["who"],
    }
    return ["| | |", "|---|---|", *(f"| {name} | {_cell(value)} |" for name, value in rows.items())]


def _timeline(events: Sequence[Mapping[str, Any]]) -> list[str]:
    if not events:
        return ["Nothing within a day."]
    rows = [f"| {event['time']} | {_cell(event['source'])} | {_cell(event['what'])} |" for event in events]
    return ["| when | where | what |", "|---|---|---|", *rows]


def _findings(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    if not findings:
        return ["Nothing that the audit asks for was wrong."]
    rows = [f"| {row['severity']} | {row['id']} | {_cell(row['resource'])} | {_cell(row['message'])} |" for row in findings]
    return ["| severity | id | where | what |", "|---|---|---|---|", *rows]


def _runbooks(suggestions: Sequence[Mapping[str, Any]]) -> list[str]:
    if not suggestions:
        return ["None: nothing was found that one is about. Read the logs in the bundle."]
    lines: list[str] = []
    for row in suggestions:
        lines += [f"### {row['title']} ({row['severity']})", "", *(f"- {_text(text)}" for text in row["because"]), ""]
        lines += [f"{number}. {step}" for number, step in enumerate(row["steps"], 1)]
        lines += ["", "```sh", *(_line(command) for command in row["commands"]), "```", ""]
    return lines[:-1]


def _list(rows: Sequence[str], none: str) -> list[str]:
    return [f"- {_text(row)}" for row in rows] or [none]


def _line(text: str) -> str:
    return " ".join(str(text).split())


def _text(text: str) -> str:
    """
    Words of people and servers, which are no HTML.
    """
    return _line(text).replace("<", "&lt;")


def _cell(text: object) -> str:
    return _text(str(text)).replace("|", "\\|")
