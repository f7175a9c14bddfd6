"""
`command:remote:Command`: a command on a host for each of create, update and delete.
"""

from __future__ import annotations

from typing import ClassVar

from ops.errors import FlotillaError
from sandbox.plugins.command.connection import ConnectedProvider, check_connection, check_environment, run_script
from sandbox.plugins.command.process import check_logging, logged_streams, new_id, previous_outputs
from sandbox.plugins.provider import Context, Failure, Properties, Resource


class RemoteResource(Resource):
    """
    What Command and CopyToRemote have in common: a connection, replacement on triggers, and no counterpart to read.
    """

    replaces = frozenset({"triggers"})
    secret_outputs = frozenset({"connection"})

    def __init__(self, provider: ConnectedProvider) -> None:
        super().__init__(provider)
        self.connections = provider.connections

    def read(self, context: Context, id: str, inputs: Properties) -> tuple[Properties, Properties] | None:
        """
        Nothing in the world shows that a command ran: it is what it was.
        """
        if not inputs:
            raise FlotillaError(f"{self.token} {id}: a command cannot be imported. Nothing was changed. Create it instead.")
        return inputs, {**context.state, **inputs}

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Nothing to remove, unless a subclass knows better.
        """


class Command(RemoteResource):
    """
    A command that a host runs. A variable of `environment` is exported by the script itself, so it arrives also where sshd's
    AcceptEnv would not let it through; the official plugin needs AcceptEnv.
    """

    token = "command:remote:Command"
    unstable_outputs: ClassVar[frozenset[str]] = frozenset({"stdout", "stderr"})

    def check(self, inputs: Properties) -> list[Failure]:
        """
        The connection, the logging and the names of variables.
        """
        return [
            *check_connection(inputs.get("connection")),
            *check_logging(inputs.get("logging")),
            *check_environment(inputs.get("environment")),
        ]

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Run `create`, if there is one.
        """
        outputs = self._run(context, inputs, inputs.get("create"), {})
        return new_id(), {**inputs, **outputs}

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        Run `update`, or `create` where there is none.
        """
        script = new_inputs.get("update", new_inputs.get("create"))
        return {**new_inputs, **self._run(context, new_inputs, script, old_state)}

    def delete(self, context: Context, id: str, state: Properties) -> None:
        """
        Run `delete`, if there is one.
        """
        self._run(context, state, state.get("delete"), state)

    def _run(self, context: Context, inputs: Properties, script: str | None, old_state: Properties) -> Properties:
        """
        The new outputs. With nothing to run, the old ones stay.
        """
        if script is None:
            return {name: old_state.get(name, "") for name in ("stdout", "stderr")}
        outcome = run_script(
            self.connections,
            inputs["connection"],
            context,
            script,
            stdin=inputs.get("stdin", "").encode(),
            environment={**inputs.get("environment", {}), **previous_outputs(inputs, old_state)},
            logged=logged_streams(inputs.get("logging")),
        )
        return dict(outcome.outputs)
