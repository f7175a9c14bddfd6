"""
One command on many hosts at once, by SSH. The only module that knows asyncssh.

A host is trusted by the key that was taken down when it was first reached, and by no other; where it shows another one, nothing
is run. Neither ~/.ssh/config nor known_hosts is read.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The pinned kind first; the others so that a host without it is told apart from one that does not answer.
HOST_KEY_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256")

PIECE = 65_536
LONGEST_ANSWER = 16 * 1024**2


@dataclass(frozen=True, kw_only=True)
class Target:
    """
    A host; `host_key` is its public key as `ssh-ed25519 AAAA...`.
    """

    name: str
    address: str
    host_key: str
    port: int = 22


@dataclass(frozen=True, kw_only=True)
class Answer:
    """
    What came of it. Without `problem` the command ended with 0 and `stdout` is all that it printed. `is_impostor`: another key
    than the pinned one was shown, and nothing was run.
    """

    stdout: str = ""
    problem: str = ""
    is_impostor: bool = False
    seconds: float = 0.0


async def run_everywhere(
    targets: Iterable[Target], command: str, *, stdin: str, private_key: Path | None, timeout_s: float
) -> dict[str, Answer]:
    """
    Run a command as root on all hosts at the same time, each with the same standard input: {name: answer}. A host that does not
    answer costs its own `timeout_s`, and nobody else waits for it. Without a private key the SSH agent's keys are used.
    """
    chosen = list(targets)
    answers = await asyncio.gather(*(_visit(target, command, stdin, private_key, timeout_s) for target in chosen))
    return {target.name: answer for target, answer in zip(chosen, answers, strict=True)}


async def _visit(target: Target, command: str, stdin: str, private_key: Path | None, timeout_s: float) -> Answer:
    import asyncssh

    started = time.monotonic()
    try:
        async with asyncio.timeout(timeout_s):
            answer = await _run(target, command, stdin, private_key)
    except TimeoutError:
        answer = Answer(problem=f"no answer within {timeout_s:g} s")
    except asyncssh.HostKeyNotVerifiable:
        answer = Answer(problem="it shows another host key than the one that was taken down", is_impostor=True)
    except asyncssh.PermissionDenied:
        answer = Answer(problem="it refuses every key that is offered for root")
    except OSError as error:
        answer = Answer(problem=(os.strerror(error.errno) if error.errno else str(error)).lower())
    except asyncssh.Error as error:
        answer = Answer(problem=" ".join(str(error).split()) or type(error).__name__)
    return Answer(
        stdout=answer.stdout, problem=answer.problem, is_impostor=answer.is_impostor, seconds=time.monotonic() - started
    )


async def _run(target: Target, command: str, stdin: str, private_key: Path | None) -> Answer:
    import asyncssh

    if not target.host_key:
        return Answer(problem="its host key was never taken down, so it cannot be told from another")
    options: Mapping[str, Any] = {"client_keys": [str(private_key)], "agent_path": None} if private_key else {}
    connection = await asyncssh.connect(
        target.address,
        port=target.port,
        username="root",
        config=None,
        known_hosts=([asyncssh.import_public_key(target.host_key)], [], []),
        server_host_key_algs=list(HOST_KEY_KINDS),
        preferred_auth="publickey",
        **options,
    )
    try:
        answer = await _talk(connection, command, stdin)
    except BaseException:
        connection.abort()  # a polite end would wait for a host that says nothing any more
        raise
    connection.close()
    return answer


async def _talk(connection: Any, command: str, stdin: str) -> Answer:
    """
    Give the command its input and take what it prints, up to a limit: a host is not to fill this machine's memory.
    """
    process = await connection.create_process(command, errors="replace")
    with suppress(BrokenPipeError):  # it ended before it was told everything: its exit code says why
        process.stdin.write(stdin)
        process.stdin.write_eof()
    printed, length = [], 0
    while piece := await process.stdout.read(PIECE):
        printed.append(piece)
        length += len(piece)
        if length > LONGEST_ANSWER:
            return Answer(problem=f"it printed more than {LONGEST_ANSWER // 1024**2} MiB")
    said = " ".join(str(await process.stderr.read(PIECE)).split())[-300:]
    await process.wait_closed()
    if process.exit_status != 0:
        return Answer(problem=f"the probe ended with {process.exit_status}: {said}")
    return Answer(stdout="".join(printed))
