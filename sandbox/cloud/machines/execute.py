"""
Commands in machines, where one that fails is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.cloud.machines.errors import CommandFailedError
from sandbox.execute import execute


def run_in(client: Any, container: str, argv: Sequence[str], stdin: str = "", check: bool = True) -> str:
    """
    Run a command in a running container and return what it printed on stdout.

    Raises: CommandFailedError when `check` and it ends with another code than 0; docker's errors when the container is not
    running.
    """
    ended = execute(client, container, argv, stdin)
    if check and ended.code != 0:
        raise CommandFailedError(container, argv, ended.code, ended.stderr or ended.stdout)
    return ended.stdout
