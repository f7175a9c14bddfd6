"""
A project's own commands around a release.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ops.errors import FlotillaError

SHOWN_LINES = 5
# Between asking a command to end and making it.
GRACE_S = 5


def run(checkout: Path, stack: str, project: str, image: str, command: Sequence[str], timeout_s: float) -> str:
    """
    Run a command to its end. Returns its last line. What it starts ends with it when the time is up.

    Raises: FlotillaError with its last lines where it fails.
    """
    told = {"FLOTILLA_PROJECT": project, "FLOTILLA_STACK": stack, "FLOTILLA_IMAGE": image}
    shown = " ".join(command)
    with tempfile.TemporaryFile("w+", errors="replace") as said:
        try:
            process = subprocess.Popen(
                command,
                cwd=checkout,
                env={**os.environ, **told},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise FlotillaError(f"hooks: {shown}: {error.strerror}") from None
        try:
            code: int | None = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end(process)
        said.seek(0)
        lines = [line.strip() for line in said.read().splitlines() if line.strip()]
    if code is None:
        raise FlotillaError(f"hooks: {shown}: it was stopped after {timeout_s:g} s{_words(lines)}")
    if code != 0:
        raise FlotillaError(f"hooks: {shown}: exit code {code}{_words(lines)}")
    return lines[-1] if lines else "it said nothing"


def _words(lines: Sequence[str]) -> str:
    return f", after saying: {' / '.join(lines[-SHOWN_LINES:])}" if lines else ", and it said nothing"


def _end(process: subprocess.Popen[bytes]) -> None:
    """
    Nothing of it is left: neither the command, nor what it has started.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
