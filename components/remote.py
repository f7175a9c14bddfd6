"""
Steps on a machine: a script over SSH, its data on standard input.

Scripts are files in `components/scripts`, sent as they are. Data never becomes part of a script or of an argument: a shell
script begins with `eval "$(cat)"` and gets `NAME='value'` lines, quoted here and nowhere else; a Python program gets JSON.
"""

from __future__ import annotations

import functools
import json
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_command import remote

SCRIPTS = Path(__file__).parent / "scripts"
# A new server takes half a minute until it answers; the official plugin pauses 5 s at most between attempts.
DIAL_ERROR_LIMIT = 40


@dataclass(frozen=True, kw_only=True)
class Login:
    """
    How steps reach the machine that they run on: by SSH, as root. Without a private key the SSH agent's keys are used.

    `server` is the resource that it is: when it goes, nothing has to be undone on it first. `server_id`: on another server,
    even with the same address, every step runs again.
    """

    server: pulumi.Resource
    server_id: Input[str]
    address: Input[str]
    private_key: Output[str] | None = None

    @property
    def connection(self) -> remote.ConnectionArgs:
        """
        How the command provider reaches it.
        """
        return remote.ConnectionArgs(
            host=self.address, user="root", private_key=self.private_key, dial_error_limit=DIAL_ERROR_LIMIT
        )


def assignments(data: Mapping[str, str | int]) -> str:
    """
    Shell assignments, one a line, that give each name its value whatever is in it.
    """
    return "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in data.items())


@functools.cache
def script(name: str) -> str:
    """
    The command that runs a script: the text of a shell script, or a Python program as one quoted argument.
    """
    text = (SCRIPTS / name).read_text()
    return f"exec python3 -c {shlex.quote(text)}" if name.endswith(".py") else text


def step(
    name: str,
    *,
    login: Login,
    run: str,
    data: Mapping[str, Input[Any]],
    prepare: str | None = None,
    undo: str | None = None,
    logging: remote.Logging | None = None,
    opts: ResourceOptions,
) -> remote.Command:
    """
    Run a script when it, its data or the machine changes; `undo` is the script for when the step is taken out. `prepare` is a
    shell script that goes before a shell script, in the same shell and with the same data.

    Data that holds a secret makes the whole of standard input secret. `logging` says what of its output is shown.
    """
    encode: Callable[[Mapping[str, Any]], str] = json.dumps if run.endswith(".py") else assignments
    options = ResourceOptions(deleted_with=login.server)
    return remote.Command(
        name,
        connection=login.connection,
        create="".join(script(part) for part in (prepare, run) if part),
        delete=script(undo) if undo else None,
        # Not as a trigger: that would replace the command, and its `undo` would then run on the new server.
        stdin=Output.from_input({**data, "server_id": login.server_id}).apply(encode),
        add_previous_output_in_env=False,
        logging=logging,
        opts=ResourceOptions.merge(options, opts),
    )
