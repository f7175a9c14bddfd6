"""
`flotilla backup ...` and `flotilla drill`: what is backed up, and whether it can be restored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from ops import checkout, confirm, console
from ops.commands import Json, Reason, Stack, words
from ops.errors import FlotillaError
from ops.lock import BACKUP_WAIT_S

app = typer.Typer(help="Backups: make them, list them, try them.", no_args_is_help=True, rich_markup_mode=None)

Projects = Annotated[
    list[str] | None, typer.Option("--project", "-p", help="Only this project; may be said again.", callback=words.name)
]
Wait = Annotated[int, typer.Option("--lock-wait", min=0, help="Wait for another backup to end, in seconds.")]
GIGABYTE = 1_000_000_000


@app.command()
def run(
    project: Projects = None,
    stack: Stack = "local",
    full: Annotated[bool, typer.Option("--full", help="A full backup of databases, whatever there is.")] = False,
    new_cluster: Annotated[
        bool, typer.Option("--new-cluster", help="From now on, take backups of the cluster that the database server has now.")
    ] = False,
    reason: Reason = "",
    lock_wait: Wait = BACKUP_WAIT_S,
    json: Json = False,
) -> None:
    """
    Back up now: databases, volumes, and the copy off-site. Exits with 1 where any of it failed.
    """
    flags = {"full": full, "new-cluster": new_cluster}
    answer = _changed(stack, reason, lock_wait, command="run", projects=project or (), flags=flags)
    if json:
        console.document(answer)
    else:
        rows = [(row["resource"], row["kind"], row["label"], f"{row['duration_s']} s") for row in answer.get("made", ())]
        console.table(["what", "kind", "backup", "took"], rows)
        console.line(f"Report: {answer['report']}")
    judge(answer["findings"], is_json=json)


@app.command("list")
def list_(project: Projects = None, stack: Stack = "local", json: Json = False) -> None:
    """
    What there is, read from the repositories: the last backup, copy and restore of everything. Exits with 1 where something is
    wrong.
    """
    from ops import backup

    here = checkout.find()
    answer = backup.ask(backup.fleet(here, stack), ["list", *backup.options(project or [], {})])
    if not project:
        backup.keep(here, stack, "list", answer)
    if json:
        console.document(answer)
    else:
        rows = [_row(row) for row in answer.get("sources", ())]
        console.table(["project", "data", "last backup", "size", "kept", "restored", "off-site"], rows, {"never": "red"})
    judge(answer["findings"], is_json=json)


def _row(row: Mapping[str, Any]) -> tuple[str, ...]:
    size = f"{row['size'] / GIGABYTE:.2f} GB" if row["size"] is not None else "-"
    times = [when(row[name]) for name in ("at", "verified_at", "offsite_at")]
    return (row["project"], row["source"], times[0], size, f"{row['backups']}", times[1], times[2])


@app.command()
def verify(
    project: Projects = None,
    stack: Stack = "local",
    label: Annotated[str | None, typer.Option("--label", help="This backup, not the last one.", callback=words.name)] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Read everything else in the repositories, too.")] = False,
    reason: Reason = "",
    lock_wait: Wait = BACKUP_WAIT_S,
    json: Json = False,
) -> None:
    """
    Restore the last backups into throw-away places, compare them with what was backed up, and keep a signed record. Exits
    with 1 where anything differs.
    """
    flags = {"label": label, "deep": deep}
    _tried(_changed(stack, reason, lock_wait, command="verify", projects=project or (), flags=flags), is_json=json)


def drill(
    project: Projects = None,
    stack: Stack = "local",
    reason: Reason = "",
    lock_wait: Wait = BACKUP_WAIT_S,
    json: Json = False,
) -> None:
    """
    Verify every project's backups now, and read the repositories whole. The backup server does so by itself, too, as often as
    the policy says.
    """
    _tried(_changed(stack, reason, lock_wait, command="drill", projects=project or ()), is_json=json)


def _changed(stack: str, reason: str, lock_wait_s: int, **asked: Any) -> dict[str, Any]:
    from ops import backup

    here = checkout.find()
    approval = confirm.Approval(reason=reason)
    wanted = backup.Asked(**asked)
    answer = backup.change(here, backup.fleet(here, stack), wanted, approval, lock_wait_s=lock_wait_s)
    if wanted.is_trial_of_everything:
        backup.keep(here, stack, "trials", answer)
    return answer


def _tried(answer: Mapping[str, Any], *, is_json: bool) -> None:
    if is_json:
        console.document(answer)
    else:
        rows = [
            (
                row["project"],
                row["source"],
                row["label"] or "-",
                "differs" if row["findings"] else "good",
                _seconds(row.get("rto_s")),
                _seconds(row.get("rpo_s")),
            )
            for row in answer.get("records", ())
        ]
        console.table(["project", "data", "backup", "restore", "RTO", "RPO"], rows, {"good": "green", "differs": "red"})
        console.line(f"Report: {answer['report']}")
    judge(answer["findings"], is_json=is_json)


def judge(findings: Sequence[Mapping[str, Any]], *, is_json: bool) -> None:
    """
    Show what is wrong, and end with 1 if anything is.
    """
    if not findings:
        return
    if not is_json:
        for row in findings:
            step = f" {row['next_step']}." if row.get("next_step") else ""
            console.line(f"{row['id']}: {row['resource']}: {row['fact']}.{step}", style="red")
    raise FlotillaError(f"backups: {len(findings)} finding{'s' if len(findings) > 1 else ''}. See above.")


def when(at: int | None) -> str:
    """
    A time for people, in UTC.
    """
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M") if at else "never"


def _seconds(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1f} s"
