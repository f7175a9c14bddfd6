"""
Backups, as an operator asks for them: the backup server does everything, this asks it and judges what it says.

What it says of itself is checked where that can be done: the records of restores are signed, and a signature that does not fit
the environment's key is a finding.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hosts import keys
from hosts.backup import signed
from hosts.request import Target
from ops import hosts, lock, remote, reports
from ops.confirm import Approval, Level
from ops.errors import FlotillaError, SettingsError
from ops.mutation import Operation, OperationFailedError, mutate
from ops.steps import Context, Sequential, Step

COMMAND = "/usr/local/sbin/flotilla-backup"


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """
    The servers of a stack that have to do with data: the one that keeps backups, and all by name.
    """

    stack: str
    keeper: Target
    servers: Mapping[str, Target]

    @property
    def policies(self) -> Sequence[Mapping[str, Any]]:
        """
        How each project is backed up.
        """
        return list(self.keeper.declaration["roles"]["backup"]["policies"])


def fleet(checkout: Path, stack: str) -> Fleet:
    """
    The servers of a stack.

    Raises: SettingsError where none of them keeps backups.
    """
    found = {str(target.declaration["server"]): target for target in hosts.targets(checkout, stack)}
    keepers = [target for target in found.values() if "backup" in target.declaration["roles"]]
    if not keepers:
        raise SettingsError(
            f"{stack}: no server has the role `backup`. Nothing was done. Give one to a pool in Pulumi.{stack}.yaml."
        )
    return Fleet(stack=stack, keeper=keepers[0], servers=found)


def ask(known: Fleet, words: Sequence[str], stdin: str = "") -> dict[str, Any]:
    """
    What the backup server answers; its findings are in it, and those of records that it did not sign.

    Raises: FlotillaError where it does not answer, SettingsError for what it does not know.
    """
    with remote.connected(known.keeper) as connection:
        done = connection.run([COMMAND, *words], stdin)
    if done.returncode == 2:
        raise SettingsError(f"{connection.name}: it does not know what was asked for. Nothing was done. See its words above.")
    try:
        document = dict(json.loads(done.stdout))
    except ValueError:
        raise FlotillaError(
            f"{connection.name}: no answer (exit code {done.returncode}). Whether something was done is not known. "
            f"See `flotilla backup list`."
        ) from None
    document["findings"] = [*document["findings"], *unsigned(document.get("records", ()), known.keeper.key)]
    return document


def keep(checkout: Path, stack: str, name: str, answer: Mapping[str, Any]) -> Path:
    """
    Keep what the backup server said of everything, reports/backup-<name>_report.json: documents are written from it.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return reports.write(checkout, f"backup-{name}", {"schema": 1, "timestamp": now, "environment": stack, **answer})


@dataclass(frozen=True, kw_only=True)
class Asked:
    """
    What the backup server is to do: `command` is `run`, `verify` or `drill`; without `projects`, for all of them.
    """

    command: str
    projects: Sequence[str] = ()
    flags: Mapping[str, bool | str | None] = field(default_factory=dict)

    @property
    def is_trial_of_everything(self) -> bool:
        """
        Whether the newest backup of each project is restored.
        """
        return self.command in ("verify", "drill") and not self.projects and not self.flags.get("label")

    @property
    def name(self) -> str:
        """
        The command line's word for it.
        """
        return "drill" if self.command == "drill" else f"backup {self.command}"

    @property
    def what(self) -> str:
        """
        For people, without a full stop.
        """
        verbs = {"run": "Back up", "verify": "Verify the backups of", "drill": "Verify, and read whole, the backups of"}
        flags = ", ".join(name if value is True else f"{name} {value}" for name, value in self.flags.items() if value)
        return f"{verbs[self.command]} {', '.join(self.projects) or 'everything'}{f' ({flags})' if flags else ''}"


def change(
    checkout: Path, known: Fleet, asked: Asked, approval: Approval, *, lock_wait_s: float = lock.BACKUP_WAIT_S
) -> dict[str, Any]:
    """
    Have it done as an operation: kept in the history, and locked against other backups only, so that releases go on. Returns
    what `ask` does, with `report`, where the operation's report is. What is wrong is in its findings.

    Raises: LockedError where another one lasts longer than `lock_wait_s`; OperationFailedError where the server gave no answer.
    """
    answer: dict[str, Any] = {}

    def run(context: Context) -> str:
        answer.update(ask(known, [asked.command, *options(asked.projects, asked.flags)]))
        context.facts["backup"] = dict(answer)
        if answer["findings"]:
            raise FlotillaError("; ".join(f"{row['id']}: {row['resource']}: {row['fact']}" for row in answer["findings"]))
        return f"{len(answer.get('made', answer.get('records', ())))} done"

    operation = Operation(
        name=asked.name,
        what=asked.what,
        level=Level.STANDARD,
        stack=known.stack,
        project=asked.projects[0] if len(asked.projects) == 1 else None,
        steps=Sequential(steps=(Step(name=asked.name, run=run),)),
        lock=lock.BACKUP,
    )
    try:
        report = mutate(checkout, operation, approval, lock_wait_s=lock_wait_s)
    except OperationFailedError as error:
        if not answer.get("findings"):
            raise
        report = dict(error.document)
    return {**answer, "report": report["report"]}


def unsigned(records: Sequence[Mapping[str, Any]], key: str) -> list[dict[str, Any]]:
    """
    The findings about records that were not signed with this environment's key.
    """
    secret = keys.secret(key, "backup", "record")
    return [
        {
            "id": "record-not-genuine",
            "resource": f"{record.get('project')}/{record.get('source')}",
            "fact": "the record of this restore was not signed with the environment's key",
            "next_step": "Converge the backup server: `flotilla host converge`",
        }
        for record in records
        if not signed.is_genuine(record, secret)
    ]


def options(projects: Sequence[str], flags: Mapping[str, bool | str | None]) -> list[str]:
    """
    The command line's further words.
    """
    chosen = [part for name in projects for part in ("--project", name)]
    for name, value in flags.items():
        if value:
            chosen += [f"--{name}"] if value is True else [f"--{name}", str(value)]
    return chosen
