"""
`flotilla secrets ...`: the secrets that people set, by name.
"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from typing import Annotated

import typer

from ops import checkout, confirm, console
from ops.commands import Approve, Json, LockWait, Reason, Stack, Yes, words

app = typer.Typer(help="Secrets by name: how old they are, and new values.", no_args_is_help=True, rich_markup_mode=None)
STYLES = {"good": "green", "overdue": "yellow", "unknown": "magenta"}


@app.command("list")
def list_(stack: Stack = "local", json: Json = False) -> None:
    """
    Show each secret, what uses it, when it was set and when it is to have another value. Shows no value, and asks no engine.
    """
    from ops import secrets
    from settings import load, read_stack_config
    from settings.secret_records import Age

    here = checkout.find()
    settings = load(stack, here, read_stack_config(here, stack))
    rows = secrets.listed(settings, datetime.now(UTC).date())
    if json:
        days = settings.environment.secret_rotation_days
        console.document({"stack": stack, "rotation_days": days, "secrets": [row.document() for row in rows]})
        return
    cells = [(row.name, row.used_by, _day(row.set_on), _age(row.age_days), _day(row.due_on), row.state) for row in rows]
    console.table(["secret", "used by", "set on", "age", "due", "state"], cells, STYLES)
    if any(row.state is Age.UNKNOWN for row in rows):
        console.line("unknown: the value was set without a record of it, or was encrypted anew since.")
    console.line(f"Another value: `flotilla secrets set <secret> -s {stack}`.")


def _day(found: date | None) -> str:
    return found.isoformat() if found else ""


def _age(days: int | None) -> str:
    return "" if days is None else f"{days} days"


@app.command("set")
def set_(
    secret: Annotated[str, typer.Argument(help="Its name, such as projects.ledger.API_TOKEN.", callback=words.secret)],
    stack: Stack = "local",
    yes: Yes = False,
    approve: Approve = None,
    reason: Reason = "",
    lock_wait: LockWait = 0,
    json: Json = False,
) -> None:
    """
    Give a secret a value, and note the day. Asks for it without showing it; without a terminal, reads it from standard input.
    """
    from ops import mutation, secrets

    here = checkout.find()
    path = secrets.parsed(secret)
    secrets.require_stack(here, stack)
    request = secrets.Request(checkout=here, stack=stack, path=path, value=_asked(secret))
    report = secrets.set_value(request, confirm.Approval(is_yes=yes, level=approve, reason=reason), lock_wait_s=lock_wait)
    if json:
        console.document(report)
    else:
        mutation.show(report)


def _asked(secret: str) -> str:
    """
    The value, without the end of its last line.
    """
    if sys.stdin.isatty():
        from getpass import getpass

        try:
            return getpass(f"{secret}: ")
        except EOFError:
            return ""
    return sys.stdin.read().removesuffix("\n")
