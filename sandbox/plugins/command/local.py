"""
`command:local:Command` and `command:local:run`: commands on this machine, and the files they leave.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import ClassVar, Final

from ops.errors import FlotillaError, SettingsError
from sandbox.plugins.command.globs import matching_files
from sandbox.plugins.command.process import Job, check_logging, logged_streams, new_id, previous_outputs, run
from sandbox.plugins.provider import DEFAULT_TIMEOUT_S, Context, Failure, Function, Properties, Resource
from sandbox.plugins.values import Archive, Asset

SHELL: Final = ("/bin/sh", "-c")


def run_locally(context: Context | None, inputs: Properties, command: str, old_state: Properties) -> Properties:
    """
    Run a command as the last argument of the interpreter and return the outputs.

    Raises: FlotillaError with its last output when it fails.
    """
    job = Job(
        argv=[*(inputs.get("interpreter") or SHELL), command],
        stdin=inputs.get("stdin", "").encode(),
        environment={**os.environ, **inputs.get("environment", {}), **previous_outputs(inputs, old_state)},
        folder=str(_folder(inputs)),
        logged=logged_streams(inputs.get("logging")),
    )
    outcome = run(job, context, context.timeout_s if context else DEFAULT_TIMEOUT_S)
    if outcome.exit_code != 0:
        raise FlotillaError(
            f"command on this machine: it ended with exit code {outcome.exit_code}. It counts as not done and runs again next"
            f" time. Its last output:\n{outcome.tail}"
        )
    return {**outcome.outputs, **_collected(inputs)}


def _folder(inputs: Properties) -> Path:
    return Path(inputs["dir"]) if inputs.get("dir") else Path.cwd()


def _collected(inputs: Properties) -> Properties:
    """
    The files that the resource asked for, as they are now: the engine does not hand back what it recorded of them.
    """
    outputs: Properties = {}
    if "assetPaths" in inputs:
        outputs["assets"] = _assets(_folder(inputs), inputs["assetPaths"])
    if "archivePaths" in inputs:
        outputs["archive"] = Archive(assets=_assets(_folder(inputs), inputs["archivePaths"]))
    return outputs


def _assets(folder: Path, patterns: list[str]) -> dict[str, Asset]:
    return {name: _asset(folder / name) for name in matching_files(folder, patterns)}


def _asset(path: Path) -> Asset:
    return Asset(path=str(path), hash=hashlib.sha256(path.read_bytes()).hexdigest())


class LocalCommand(Resource):
    """
    A command that this machine runs for each of create, update and delete.
    """

    token = "command:local:Command"
    replaces = frozenset({"triggers"})
    unstable_outputs: ClassVar[frozenset[str]] = frozenset({"stdout", "stderr", "assets", "archive"})

    def check(self, inputs: Properties) -> list[Failure]:
        """
        Only the logging has a closed set of values.
        """
        return check_logging(inputs.get("logging"))

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Run `create`, if there is one.
        """
        return new_id(), {**inputs, **self._run(context, inputs, inputs.get("create"), {})}

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        Run `update`, or `create` where there is none.
        """
        command = new_inputs.get("update", new_inputs.get("create"))
        return {**new_inputs, **self._run(context, new_inputs, command, old_state)}

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        Nothing in the world shows that a command ran: it is what it was.
        """
        if not inputs:
            raise FlotillaError(f"{self.token} {id}: a command cannot be imported. Nothing was changed. Create it instead.")
        return inputs, {**inputs, **_kept(context.state), **_collected(inputs)}

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Run `delete`, if there is one.
        """
        self._run(context, state, state.get("delete"), state)

    def _run(self, context: Context, inputs: Properties, command: str | None, old_state: Properties) -> Properties:
        if command is None:
            return {**_kept(old_state), **_collected(inputs)}
        return run_locally(context, inputs, command, old_state)


def _kept(state: Properties) -> Properties:
    """
    What the last run printed.
    """
    return {name: state.get(name, "") for name in ("stdout", "stderr")}


class Run(Function):
    """
    A command that this machine runs whenever the program asks.
    """

    token = "command:local:run"

    def invoke(self, arguments: Properties) -> Properties:
        """
        Run it.
        """
        if "command" not in arguments:
            raise SettingsError("command:local:run: command is missing. Nothing was run. Give it.")
        return {**arguments, **run_locally(None, arguments, arguments["command"], {})}
