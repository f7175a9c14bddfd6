"""
Run one process to its end: its input fed, its output kept and passed on line by line as it comes.
"""

from __future__ import annotations

import secrets
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final

from ops.errors import FlotillaError
from sandbox.plugins.provider import UNKNOWN, Context, Failure

TAIL_LINES: Final = 15
TAIL_WIDTH: Final = 400
LOGGING: Final = frozenset({"stdout", "stderr", "stdoutAndStderr", "none"})

PREVIOUS_STDOUT: Final = "PULUMI_COMMAND_STDOUT"
PREVIOUS_STDERR: Final = "PULUMI_COMMAND_STDERR"


@dataclass(frozen=True, kw_only=True)
class Job:
    """
    One process to run. `greeting` is a first line of stdout that is ours: it says that the far side started.
    """

    argv: list[str]
    stdin: bytes = b""
    environment: Mapping[str, str] | None = None
    folder: str | None = None
    greeting: bytes = b""
    logged: frozenset[str] = frozenset()


@dataclass(kw_only=True)
class Outcome:
    """
    What a process did. `is_greeted` says that the far side started.
    """

    exit_code: int = 0
    stdout: bytes = b""
    stderr: bytes = b""
    is_greeted: bool = False

    @property
    def outputs(self) -> dict[str, str]:
        """
        Its output as the plugin reports it: without the last line's end.
        """
        return {"stdout": _text(self.stdout), "stderr": _text(self.stderr)}

    @property
    def tail(self) -> str:
        """
        The last lines of each stream, for an error. Which of the two came first is not known.
        """
        parts = [f"{name}: {line}" for name, text in self.outputs.items() for line in text.splitlines()[-TAIL_LINES:]]
        return "\n".join(line[:TAIL_WIDTH] for line in parts) or "(it printed nothing)"


class _Listener:
    """
    Collects the streams of one process; each has its own thread.
    """

    def __init__(self, job: Job, log: Callable[[str, str], None]) -> None:
        self.outcome = Outcome()
        self._job = job
        self._log = log

    def listen(self, name: str, stream: IO[bytes]) -> None:
        """
        Read a stream to its end.
        """
        kept = bytearray()
        for line in stream:
            if name == "stdout" and self._is_greeting(line):
                continue
            kept += line
            if name in self._job.logged:
                self._log("status", line.decode(errors="replace").rstrip("\r\n"))
        setattr(self.outcome, name, bytes(kept))

    def _is_greeting(self, line: bytes) -> bool:
        if self.outcome.is_greeted or not self._job.greeting or line.strip() != self._job.greeting:
            return False
        self.outcome.is_greeted = True
        return True


def run(job: Job, context: Context | None, timeout_s: float) -> Outcome:
    """
    Run it to its end.

    Raises: FlotillaError when it takes too long or the operation is cancelled; the process is ended then.
    """
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(
            job.argv, stdin=pipe, stdout=pipe, stderr=pipe, cwd=job.folder, env=job.environment, start_new_session=True
        )
    except OSError as error:
        raise FlotillaError(f"command: {job.argv[0]} cannot be started ({error}). Nothing was run.") from None
    listener = _Listener(job, context.log if context else lambda _severity, _text: None)
    threads = [
        threading.Thread(target=_feed, args=(process.stdin, job.stdin), daemon=True),
        threading.Thread(target=listener.listen, args=("stdout", process.stdout), daemon=True),
        threading.Thread(target=listener.listen, args=("stderr", process.stderr), daemon=True),
    ]
    for thread in threads:
        thread.start()
    listener.outcome.exit_code = _wait(process, context, timeout_s)
    for thread in threads[1:]:
        thread.join(timeout_s)  # what it left running in the background may hold its output open
    return listener.outcome


def new_id() -> str:
    """
    An id as the real plugin makes them: it means nothing.
    """
    return secrets.token_hex(4)


def check_logging(logging: Any) -> list[Failure]:
    """
    Refuse what is none of the schema's values.
    """
    if logging is None or logging is UNKNOWN or logging in LOGGING:
        return []
    return [Failure(property="logging", reason=f"is one of {', '.join(sorted(LOGGING))}, not {logging!r}")]


def logged_streams(logging: str | None) -> frozenset[str]:
    """
    Which streams go to the engine's log; both, unless said otherwise.
    """
    if logging is None or logging == "stdoutAndStderr":
        return frozenset({"stdout", "stderr"})
    return frozenset({logging}) - {"none"}


def previous_outputs(inputs: Mapping[str, object], state: Mapping[str, object]) -> dict[str, str]:
    """
    What the last run printed, as variables for the next one, unless the resource opts out.
    """
    if inputs.get("addPreviousOutputInEnv") is False:
        return {}
    found = {PREVIOUS_STDOUT: str(state.get("stdout") or ""), PREVIOUS_STDERR: str(state.get("stderr") or "")}
    return {name: value for name, value in found.items() if value}


def _feed(stream: IO[bytes], data: bytes) -> None:
    try:
        stream.write(data)
        stream.close()
    except OSError:
        return  # the process does not want its input; its exit code tells the rest


def _wait(process: subprocess.Popen[bytes], context: Context | None, timeout_s: float) -> int:
    """
    Wait with an eye on the clock and on cancellation.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return process.wait(0.2)
        except subprocess.TimeoutExpired:
            if context is not None and context.cancelled.is_set():
                _end(process)
                raise FlotillaError("command: it was cancelled while it ran. What it did until then is not undone.") from None
            if time.monotonic() > deadline:
                _end(process)
                raise FlotillaError(
                    f"command: it did not end within {timeout_s:.0f} s and was stopped. What it did until then is not undone."
                    " Give the resource a longer customTimeouts."
                ) from None


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _text(data: bytes) -> str:
    return data.decode(errors="replace").removesuffix("\n")
