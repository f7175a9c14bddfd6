"""
Commands in containers, as argv lists, with input on stdin and never in argv.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

from docker.utils.socket import frames_iter

from sandbox.cloud.machines.errors import CommandFailedError


def run_in(client: Any, container: str, argv: Sequence[str], stdin: str = "", check: bool = True) -> str:
    """
    Run a command in a running container and return what it printed on stdout.

    Raises: CommandFailedError when `check` and it ends with another code than 0; docker's errors when the container is not
    running.
    """
    api = client.api
    execution = api.exec_create(container, list(argv), stdin=bool(stdin), stdout=True, stderr=True)["Id"]
    if stdin:
        stdout, stderr = _with_input(api, execution, stdin.encode())
    else:
        parts = api.exec_start(execution, demux=True)
        stdout, stderr = (part or b"" for part in parts)
    code = api.exec_inspect(execution)["ExitCode"]
    if check and code != 0:
        raise CommandFailedError(container, argv, code, (stderr or stdout).decode(errors="replace"))
    return stdout.decode(errors="replace")


def _with_input(api: Any, execution: str, data: bytes) -> tuple[bytes, bytes]:
    """
    Send the input, say that it is complete, and read both streams to their end.
    """
    stream = api.exec_start(execution, socket=True)
    raw = getattr(stream, "_sock", stream)
    try:
        raw.sendall(data)
        raw.shutdown(socket.SHUT_WR)
        output = {1: b"", 2: b""}
        for number, chunk in frames_iter(stream, tty=False):  # type: ignore[no-untyped-call]
            output[number] += chunk
    finally:
        stream.close()
    return output[1], output[2]
