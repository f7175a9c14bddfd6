"""
`flotilla audit`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ops import checkout, console
from ops.commands import Json, words
from ops.errors import ReportError, SettingsError
from ops.report import Status

STYLES = {"OK": "green", "WARNING": "yellow", "UNKNOWN": "magenta", "DEGRADED": "red", "CRITICAL": "bold red"}
Checks = Annotated[
    list[str] | None,
    typer.Argument(
        help="security, hosts, network, containers, data, dns, tls, drift; all of them without one.",
        show_default=False,
        callback=words.name,
    ),
]
Stack = Annotated[
    str | None, typer.Option("--stack", "-s", help="The stack; without it, the selected one.", callback=words.name)
]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on", help="Exit with 6 at this status or a worse one: WARNING, DEGRADED or CRITICAL.", callback=words.name
    ),
]


def audit(checks: Checks = None, stack: Stack = None, fail_on: FailOn = None, json: Json = False) -> None:
    """
    Look at servers, sites, DNS and cloud, and say what is not as it should be. Changes nothing; reports are kept in reports/.
    """
    from ops.audit.audit import audit as examine
    from ops.audit.catalog import chosen

    limit = limit_of(fail_on)
    here = checkout.find()
    report = examine(here, stack, chosen(checks or []))
    if json:
        console.document(report)
    else:
        show(report)
    require_below(limit, report, here / "reports")


def limit_of(fail_on: str | None) -> Status | None:
    """
    The status of `--fail-on`.

    Raises: SettingsError
    """
    if fail_on is None:
        return None
    if fail_on.upper() not in ("WARNING", "DEGRADED", "CRITICAL"):
        raise SettingsError(f"--fail-on: {fail_on} is no status. Nothing was looked at. Give WARNING, DEGRADED or CRITICAL.")
    return Status(fail_on.upper())


def require_below(limit: Status | None, report: dict[str, Any], place: Path) -> None:
    """
    Raises: ReportError where the report's status is at this limit, or worse.
    """
    if limit is not None and Status(report["status"]).rank >= limit.rank:
        raise ReportError(
            f"{report['environment']}: the status is {report['status']}, and --fail-on is {limit}. Nothing was changed. "
            f"Begin with what is first in {place}."
        )


def show(report: dict[str, Any]) -> None:
    """
    Each check with what it found, then the status and what to do now.
    """
    for name, check in report["checks"].items():
        counted = f"{len(check['findings'])} findings, {check['held']} as they should be, {check['duration_s']:.1f} s"
        console.table([name, check["status"], counted], [], STYLES)
        for row in check["findings"]:
            console.line(f"  {row['severity']:9} {row['id']}  {row['resource']}: {row['message']}", STYLES[row["severity"]])
            if row["evidence"]:
                console.line(f"            seen: {row['evidence']}")
            if row["fix"]:
                console.line(f"            next: {row['fix']}")
        console.line()
    console.line(f"{report['environment']} is {report['status']}.", STYLES[report["status"]])
    for step in report["next_steps"]:
        console.line(step)
