"""
The secrets that people set: which there are, since when, until when, and another value for one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from hosts.keys import KEY_MINIMUM_LENGTH
from ops import stack as stacks
from ops.confirm import Approval, Level
from ops.errors import FlotillaError, MissingToolError, SettingsError
from ops.mutation import Operation, mutate
from ops.secrecy import Filter
from ops.steps import Context, Sequential, Step
from settings import Settings, read_stack_config
from settings.secret_records import RECORDS, Age, SecretPath, age_of, digest, due_on
from settings.secrets import KEY, NOTIFICATIONS, OFFSITE, OFFSITE_NAMES, PROJECTS, REGISTRY, SECRETS, key_command
from settings.stacks import is_sandbox
from settings.values import is_environment_variable, is_name

EVERYTHING, ALERTS, COPIES, IMAGES = "databases, backups", "alerts", "copies of the backups", "pulling images"


@dataclass(frozen=True, kw_only=True)
class Row:
    """
    One secret. Where its age is unknown it has no days.
    """

    name: str
    used_by: str
    state: Age
    set_on: date | None = None
    due_on: date | None = None
    age_days: int | None = None

    def document(self) -> dict[str, str | int | None]:
        """
        As JSON has it; days are text.
        """
        days = {"set_on": self.set_on, "due_on": self.due_on}
        told = {name: found.isoformat() if found else None for name, found in days.items()}
        return {"name": self.name, "used_by": self.used_by, "state": self.state, **told, "age_days": self.age_days}


def listed(settings: Settings, today: date) -> list[Row]:
    """
    Every secret that has a value, as it is on this day. Pure.
    """
    return [_row(settings, path, found, today) for path, found in settings.secrets_set.items()]


def _row(settings: Settings, path: SecretPath, found: date | None, today: date) -> Row:
    name, used, rotation_days = ".".join(path), used_by(settings, path), settings.environment.secret_rotation_days
    state = age_of(found, today, rotation_days)
    if found is None or state is Age.UNKNOWN:
        return Row(name=name, used_by=used, state=Age.UNKNOWN)
    due = due_on(found, rotation_days)
    return Row(name=name, used_by=used, state=state, set_on=found, due_on=due, age_days=(today - found).days)


def used_by(settings: Settings, path: SecretPath) -> str:
    """
    What a secret is for; for a project's, the processes that have it.
    """
    if path[0] == PROJECTS:
        project = settings.projects.get(path[1])
        processes = project.all_processes().items() if project else ()
        return ", ".join(f"{path[1]}/{process}" for process, program in processes if path[2] in program.secrets)
    return {KEY: EVERYTHING, NOTIFICATIONS: ALERTS, OFFSITE: COPIES, REGISTRY: IMAGES}[path[0]]


def parsed(name: str) -> SecretPath:
    """
    The name of a secret as `flotilla secrets list` has it.

    Raises: SettingsError where there can be none of this name.
    """
    match tuple(name.split(".")):
        case (one,) if one in (KEY, REGISTRY):
            return (one,)
        case (area, inner) if (area == NOTIFICATIONS and is_name(inner)) or (area == OFFSITE and inner in OFFSITE_NAMES):
            return (area, inner)
        case (area, project, inner) if area == PROJECTS and is_name(project) and is_environment_variable(inner):
            return (area, project, inner)
    raise SettingsError(
        f"{name}: this is not the name of a secret. Nothing was done. There are `{KEY}`, `{PROJECTS}.<project>.<NAME>`, "
        f"`{NOTIFICATIONS}.<name>`, {' and '.join(f'`{OFFSITE}.{known}`' for known in OFFSITE_NAMES)}, and `{REGISTRY}`."
    )


@dataclass(frozen=True, kw_only=True)
class Request:
    """
    Another value for a secret. Its text never has the value.
    """

    checkout: Path
    stack: str
    path: SecretPath
    value: str

    def __repr__(self) -> str:
        return f"Request({self.stack}, {'.'.join(self.path)})"


def set_value(request: Request, approval: Approval, *, lock_wait_s: float = 0.0) -> dict[str, Any]:
    """
    Write the value, encrypted, and its record into the stack's file. Returns the operation's report.

    Raises: SettingsError for a value that cannot be one, and where there is no such file.
    """
    _require_value(request)
    is_new = digest(request.path, _in_file(request)) is None
    return mutate(request.checkout, operation(request, is_new=is_new), approval, lock_wait_s=lock_wait_s)


def require_stack(checkout: Path, stack: str) -> None:
    """
    Where a value can be written: ask before anybody has typed one. The sandbox does not start with settings that lack a secret,
    so that its stack is made here, as `make up` would.

    Raises: SettingsError where the stack has no file, or is not where the state is kept; MissingToolError without an engine, or
    where a real stack would be looked for in a sandbox that was never started.
    """
    read_stack_config(checkout, stack)
    try:
        known = (stacks.environment_of_state if is_sandbox(stack) else stacks.environment)(checkout)
    except MissingToolError as error:
        raise MissingToolError(f"{error} For {stack}, export PULUMI_BACKEND_URL before: docs/state.md.") from None
    try:
        stacks.require(checkout, stack, known)
    except SettingsError:
        if not is_sandbox(stack) or known.get("PULUMI_BACKEND_URL") != f"file://{checkout / '.flotilla' / 'pulumi'}":
            raise
        stacks.make(checkout, stack, known)


def _require_value(request: Request) -> None:
    name = ".".join(request.path)
    if not request.value.strip():
        raise SettingsError(f"{name}: no value was given. Nothing was done. Type it, or write it to standard input.")
    if request.path == (KEY,) and len(request.value) < KEY_MINIMUM_LENGTH:
        is_replacing = digest(request.path, _in_file(request)) is not None
        raise SettingsError(
            f"{name}: the key has fewer than {KEY_MINIMUM_LENGTH} characters. Nothing was done. "
            f"Make one: `{key_command(request.stack, is_replacing=is_replacing)}`."
        )


def operation(request: Request, *, is_new: bool) -> Operation:
    """
    A first value takes nothing away; another one takes effect with the next apply. Another key replaces every password of
    databases and every key of backups. There is no backup gate: the file alone loses no data, and the key is to come back
    where what was made with another one is no good.
    """
    name, change = ".".join(request.path), _Change(request)
    replacing = Level.CRITICAL if request.path == (KEY,) else Level.IMPORTANT
    return Operation(
        name="secrets set",
        what=f"Give the secret {name} {'a' if is_new else 'another'} value",
        level=Level.STANDARD if is_new else replacing,
        stack=request.stack,
        steps=Sequential(
            steps=(
                Step(name="value", run=change.write, undo=change.put_back, is_undone_on_failure=True),
                Step(name="record", run=change.note),
            )
        ),
        facts={"secret": name},
        is_gated=False,
        needs_clouds=False,
    )


class _Change:
    """
    The stack's file before, so that it can be put back.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._file = request.checkout / f"Pulumi.{request.stack}.yaml"
        self._before: bytes | None = None

    def write(self, _: Context) -> str:
        self._before = self._file.read_bytes()
        key = f"flotilla:{'.'.join((SECRETS, *self._request.path))}"
        self._engine(["config", "set", "--secret", "--path", key], given=self._request.value)
        return f"encrypted in {self._file.name}"

    def note(self, context: Context) -> str:
        of, today = digest(self._request.path, _in_file(self._request)), datetime.now(UTC).date()
        if of is None:
            raise FlotillaError(f"{self._file.name}: the engine has written no encrypted value. Look at the file.")
        place = f'flotilla:{RECORDS}["{".".join(self._request.path)}"]'
        self._engine(
            ["config", "set-all", "--path", "--plaintext", f"{place}.since={today}", "--plaintext", f"{place}.of={of}"]
        )
        context.facts["set_on"] = today.isoformat()
        return f"set on {today}; `flotilla apply -s {self._request.stack}` brings it out"

    def put_back(self, _: Context) -> str:
        if self._before is None:
            return "nothing was written"
        self._file.write_bytes(self._before)
        return f"{self._file.name} is as it was"

    def _engine(self, arguments: list[str], given: str | None = None) -> None:
        known = stacks.environment_of_state(self._request.checkout)
        command = [*arguments, "--stack", self._request.stack, "--non-interactive"]
        answer = stacks.engine(command, self._request.checkout, known, given=given)
        if answer.returncode != 0:
            said = " ".join(answer.stderr.split()) or "the engine said nothing"
            raise FlotillaError(f"{self._file.name}: {Filter([self._request.value])(said)}.")


def _in_file(request: Request) -> Any:
    found: Mapping[str, Any] = read_stack_config(request.checkout, request.stack)
    return found.get(SECRETS)
