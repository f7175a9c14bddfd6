"""
The pyinfra side: one fact that looks at everything, one operation that does what is due.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

from pyinfra.api.command import StringCommand
from pyinfra.api.host import Host
from pyinfra.api.operation import operation

from hosts import agent

LOOK_TIMEOUT_S = 120
ACT_TIMEOUT_S = 1200


class LookError(Exception):
    """
    The server could not be looked at; the text says why.
    """


def look(host: Host, questions: Mapping[str, Any]) -> dict[str, Any]:
    """
    What the server is like: one round trip. Like a pyinfra fact, but its question travels on standard input: it may be secret.

    Raises: LookError with the server's words.
    """
    succeeded, output = host.run_shell_command(
        StringCommand(agent.COMMAND), _stdin=agent.program("observe", questions), _timeout=LOOK_TIMEOUT_S
    )
    if not succeeded:
        raise LookError(" / ".join(output.stderr_lines[-5:]) or "the look ended without a word")
    return dict(json.loads(base64.b64decode("".join(output.stdout_lines))))


def _perform(steps: Sequence[Mapping[str, Any]]) -> Generator[StringCommand, None, None]:
    """
    Do what was decided on for a role, in one round trip.
    """
    yield StringCommand(agent.COMMAND, _stdin=agent.program("act", {"steps": list(steps)}))


# pyinfra's own type of an operation knows no positional arguments.
perform: Callable[..., Any] = operation()(_perform)
