"""
Commands in containers, as argv lists, with input on stdin and never in argv; nothing of what they print is lost.

Docker's client for Python reads an exec's output from the bare socket, past the buffer with which the answer's headers were
read: what had come together with them, or all that a fast command prints on a busy computer, is lost without a word
(docker-py's issue 2042). So every command waits for a first line of input here, which is sent when the headers have been read.
"""

from __future__ import annotations

import codecs
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from docker.utils.socket import frames_iter

WHEN_HEARD = ["sh", "-c", 'IFS= read -r _ && exec "$@"', "sh"]
STDOUT, STDERR = 1, 2


@dataclass(frozen=True)
class Execution:
    """
    A command that has ended: its code, and both of its outputs, whole.
    """

    code: int
    stdout: str
    stderr: str


def execute(client: Any, container: str, argv: Sequence[str], stdin: str = "") -> Execution:
    """
    Run a command in a running container, whatever code it ends with. The container has a `sh`; the input, some hundred kB at
    most, is sent before any output is read.

    Raises: docker's errors when the container is not running.
    """
    execution = _create(client, container, argv)
    output = {STDOUT: b"", STDERR: b""}
    for number, chunk in _start(client, execution, stdin):
        output[number] += chunk
    code = client.api.exec_inspect(execution)["ExitCode"]
    return Execution(code, output[STDOUT].decode(errors="replace"), output[STDERR].decode(errors="replace"))


def follow(client: Any, container: str, argv: Sequence[str]) -> Iterator[str]:
    """
    What a command in a running container prints, on both outputs, while it prints it.

    Raises: docker's errors when the container is not running.
    """
    chunks = (chunk for _, chunk in _start(client, _create(client, container, argv), ""))
    return codecs.iterdecode(chunks, "utf-8", errors="replace")


def _create(client: Any, container: str, argv: Sequence[str]) -> str:
    created = client.api.exec_create(container, [*WHEN_HEARD, *argv], stdin=True, stdout=True, stderr=True)
    return str(created["Id"])


def _start(client: Any, execution: str, stdin: str) -> Iterator[tuple[int, bytes]]:
    """
    Send the input, say that it is complete, and read both outputs to their end.
    """
    stream = client.api.exec_start(execution, socket=True)
    raw = getattr(stream, "_sock", stream)
    try:
        raw.sendall(f"\n{stdin}".encode())
        raw.shutdown(socket.SHUT_WR)
        yield from frames_iter(stream, tty=False)  # type: ignore[no-untyped-call]
    finally:
        stream.close()
