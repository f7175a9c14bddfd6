"""
`flotilla status`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from ops import checkout, console
from ops.commands import Json, Stack

EVERY_S = 5.0
STYLES = {
    "OK": "green",
    "WARNING": "yellow",
    "UNKNOWN": "magenta",
    "unknown": "magenta",
    "DEGRADED": "red",
    "CRITICAL": "bold red",
    "healthy": "green",
    "unhealthy": "bold red",
    "starting": "yellow",
    "answers": "green",
}


def status(
    stack: Stack = "local",
    watch: Annotated[bool, typer.Option("--watch", help="Look again every 5 seconds, until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """
    Show servers, what is served, backups, the last report, and who is changing the stack. Changes nothing.
    """
    from ops import status as states
    from ops.audit.audit import prepare

    asked = prepare(checkout.find(), stack)
    if json:
        console.document(states.look(asked))
    elif watch:
        console.watch(lambda: show(states.look(asked)), EVERY_S)
    else:
        show(states.look(asked))


def show(found: Mapping[str, Any]) -> None:
    """
    For people.
    """
    console.table(
        ["server", "roles", "state", "disk", "memory", "load a core", "containers"],
        [
            (
                row["name"],
                ", ".join(row["roles"]),
                row["problem"] or "answers",
                _share(row["disk_used_share"]),
                _share(row["memory_used_share"]),
                _known(row["load_per_core"]),
                _known(row["containers"]),
            )
            for row in found["servers"]
        ],
        STYLES,
    )
    console.line()
    console.table(
        ["project", "process", "release", "slot", "weight", "running", "health"],
        [
            (
                row["project"],
                row["process"],
                row["release"],
                row["slot"],
                f"{row['weight']}%",
                f"{_known(row['running'])}/{row['wanted']}",
                row["health"],
            )
            for row in found["projects"]
        ],
        STYLES,
    )
    console.line()
    backups = [
        (row["project"], row["source"], row["why"] or f"{row['age_s'] / 3600:.1f} hours old") for row in found["backups"]
    ]
    console.table(["project", "backup of", "the last one"], backups, {"never backed up": "bold red"})
    console.line()
    report = found["report"]
    if report:
        console.line(f"Last report: {report['status']}, {report['timestamp']}", STYLES.get(report["status"], ""))
    else:
        console.line(f"Last report: none. Run `flotilla report -s {found['stack']}`.")
    console.line(_lock(found["lock"]))


def _lock(row: Mapping[str, Any]) -> str:
    holder = row["holder"]
    if row["problem"]:
        return f"Lock: unknown, {row['problem']}"
    if holder is None:
        return "Lock: free"
    gone = "; that process is gone" if holder["is_gone"] else ""
    return f"Lock: {holder['who']} since {holder['since']}: {holder['what']}{gone}"


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0%}"


def _known(value: object) -> str:
    return "unknown" if value is None else str(value)
