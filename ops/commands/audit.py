"""
`flotilla audit`.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from ops import checkout, console
from ops.commands import Json
from ops.errors import ReportError, SettingsError

STYLES = {"OK": "green", "WARNING": "yellow", "UNKNOWN": "magenta", "DEGRADED": "red", "CRITICAL": "bold red"}
Checks = Annotated[
    list[str] | None,
    typer.Argument(
        help="security, hosts, network, containers, data, dns, tls, drift; all of them without one.", show_default=False
    ),
]
Stack = Annotated[str | None, typer.Option("--stack", "-s", help="The stack; without it, the selected one.")]
FailOn = Annotated[
    str | None, typer.Option("--fail-on", help="Exit with 6 at this status or a worse one: WARNING, DEGRADED or CRITICAL.")
]


def audit(checks: Checks = None, stack: Stack = None, fail_on: FailOn = None, json: Json = False) -> None:
    """
    Look at servers, sites, DNS and cloud, and say what is not as it should be. Changes nothing; reports are kept in reports/.
    """
    from ops.audit.audit import audit as examine
    from ops.audit.catalog import chosen

    limit = _limit(fail_on)
    here = checkout.find()
    report = examine(here, stack, chosen(checks or []))
    if json:
        console.document(report)
    else:
        _show(report)
    if limit is not None and _rank(report["status"]) >= limit:
        raise ReportError(
            f"{report['environment']}: the status is {report['status']}, and --fail-on is {fail_on}. Nothing was changed. "
            f"Begin with what is first in {here / 'reports'}."
        )


def _limit(fail_on: str | None) -> int | None:
    """
    Raises: SettingsError
    """
    if fail_on is None:
        return None
    if fail_on.upper() not in ("WARNING", "DEGRADED", "CRITICAL"):
        raise SettingsError(f"--fail-on: {fail_on} is no status. Nothing was looked at. Give WARNING, DEGRADED or CRITICAL.")
    return _rank(fail_on.upper())


def _rank(status: str) -> int:
    from ops.report import Status

    return Status(status).rank


def _show(report: dict[str, Any]) -> None:
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
