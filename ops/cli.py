"""
The `flotilla` command. Each noun has a file in ops/commands/; this one joins them, and is the only place that catches errors.
"""

from __future__ import annotations

import io
import os
import re
import sys
from typing import Annotated, Any

import typer

from ops import console
from ops.commands import (
    advise,
    audit,
    backup,
    canary,
    cleanup,
    compliance,
    costs,
    dashboard,
    docs,
    doctor,
    env,
    history,
    host,
    incident,
    notify,
    plan,
    project,
    release,
    report,
    restore,
    runbook,
    sandbox,
    secrets,
    settings,
    status,
    sync,
    workflow,
)
from ops.errors import FlotillaError

LONG_WORD = re.compile(r"(\S{100})\S+")

app = typer.Typer(
    name="flotilla",
    help="A whole fleet of servers as code, rehearsed on your own machine.",
    epilog="Exit codes: 0 done; 1 failed; 2 bad input; 3 refused; 4 policy violation; 5 difference found; "
    "6 report status at or over --fail-on; 7 a needed tool or service is missing.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command("advise")(advise.advise)
app.command("apply")(plan.apply)
app.command("audit")(audit.audit)
app.command("cleanup")(cleanup.cleanup)
app.command("compliance")(compliance.compliance)
app.command("dashboard")(dashboard.dashboard)
app.command("deploy")(release.deploy)
app.command("docs")(docs.docs)
app.command("doctor")(doctor.doctor)
app.command("drill")(backup.drill)
app.command("plan")(plan.plan)
app.command("report")(report.report)
app.command("restore")(restore.restore)
app.command("rollback")(release.rollback)
app.command("runbook")(runbook.runbook)
app.command("status")(status.status)
app.command("sync")(sync.sync)
app.command("unlock")(history.unlock)
app.add_typer(backup.app, name="backup")
app.add_typer(canary.app, name="canary")
app.add_typer(costs.app, name="costs")
app.add_typer(env.app, name="env")
app.add_typer(history.app, name="history")
app.add_typer(host.app, name="host")
app.add_typer(incident.app, name="incident")
app.add_typer(workflow.maintenance, name="maintenance")
app.add_typer(notify.app, name="notify")
app.add_typer(project.app, name="project")
app.add_typer(release.app, name="release")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(secrets.app, name="secrets")
app.add_typer(settings.app, name="settings")
app.add_typer(workflow.app, name="workflow")


@app.callback()
def _global(
    verbose: Annotated[bool, typer.Option("--verbose", help="Show a traceback when something unexpected happens.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Print plain text, also on a terminal.")] = False,
) -> None:
    console.set_color(is_colored=not no_color)
    if verbose:
        os.environ["FLOTILLA_VERBOSE"] = "1"


def main() -> None:
    """
    Run the command; on an error print one message on standard error and exit with the error's code.
    """
    try:
        sys.exit(app(standalone_mode=False))
    except FlotillaError as error:
        _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        _fail(_usage(error), error.exit_code)
    except Exception as error:
        if os.environ.get("FLOTILLA_VERBOSE"):
            raise
        text = " ".join(str(error).split()) or "no message"
        _fail(
            f"flotilla: unexpected {type(error).__name__}: {text}. The command stopped where it was. "
            f"Run it again with `flotilla --verbose ...` and report what it shows.",
            FlotillaError.exit_code,
        )


def _usage(error: Any) -> str:
    """
    What typer says of words that it does not know, the longest of them cut short.
    """
    said = io.StringIO()
    error.show(file=said)
    return LONG_WORD.sub(r"\1...", said.getvalue().rstrip())


def _fail(text: str, exit_code: int) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{console.visible(text)}\n")
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
