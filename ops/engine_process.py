"""
The engine's process: started, listened to, interrupted, awaited.

It runs in a session of its own, so that Ctrl-C at a terminal reaches it once, from here: it then finishes what it has begun,
saves its state and gives its lock back. It does the same when this process is killed (on Linux).
"""

from __future__ import annotations

import contextlib
import ctypes
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from ops import lock, progress
from ops.errors import FlotillaError, MissingToolError
from ops.events import Diagnostic, Event, parse
from ops.lock import Holder

POLL_S: Final = 0.05
# How long an interrupted engine may take to finish what it has begun: a release that is just becoming healthy.
ENDING_TIMEOUT_S: Final = 600.0
SET_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of linux/prctl.h
COMMON: Final = ("--non-interactive", "--color", "never", "--suppress-outputs", "--suppress-progress")


@dataclass(frozen=True, kw_only=True)
class Run:
    """
    One run of the engine: its exit code, its events, and what it wrote to standard error.
    """

    code: int
    events: tuple[Event, ...]
    said: str
    duration_s: float

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """
        What was reported; where the engine gave up before it came to work, its last words.
        """
        found = tuple(event for event in self.events if isinstance(event, Diagnostic))
        if self.code == 0 or any(row.severity == "error" for row in found):
            return found
        return (*found, Diagnostic(severity="error", message=self.said.strip() or "the engine said nothing", urn=""))


def run(
    arguments: Sequence[str],
    checkout: Path,
    stack: str,
    known: Mapping[str, str],
    on_event: Callable[[Event], None] | None,
    *,
    timeout_s: float | None = None,
    note: Path | None = None,
) -> Run:
    """
    Run `pulumi` on a stack to its end, and tell its events as they come. `note` is where its process is written down meanwhile.

    Raises: MissingToolError where there is none; FlotillaError where it took longer than `timeout_s` and was stopped.
    """
    program = shutil.which("pulumi", path=known.get("PATH"))
    if program is None:
        raise MissingToolError("pulumi: the engine is not there. Nothing was done. Run `make setup`.")
    # Without this variable the engine does not know `--event-log`.
    environment = {**known, "PULUMI_DEBUG_COMMANDS": "true"}
    started = time.monotonic()
    # Its owner's only, and gone afterwards: it has everything that the program declares.
    with tempfile.TemporaryDirectory(prefix="flotilla-engine-") as folder, Path(folder, "said").open("w+") as said:
        log = Path(folder, "events.jsonl")
        command = [program, *arguments, "--stack", stack, *COMMON, "--event-log", str(log)]
        process = subprocess.Popen(
            command,
            cwd=checkout,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
            preexec_fn=_end_with(),
        )
        if note:
            _write(note, Holder.of(process.pid, arguments[0], stack).text())
        events = []
        with _ending(process, arguments[0], timeout_s):
            for event in parse(_lines(log, process)):
                events.append(event)
                if on_event is not None:
                    on_event(event)
        if note:
            note.unlink(missing_ok=True)
        said.seek(0)
        return Run(code=process.wait(), events=tuple(events), said=said.read(), duration_s=round(time.monotonic() - started, 3))


def note_of(checkout: Path, stack: str) -> Path:
    """
    Where it is written down which process is the engine that changes the stack.
    """
    path = checkout / ".flotilla" / "engines" / f"{stack}.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _write(path: Path, content: bytes) -> None:
    draft = path.with_suffix(".new")
    draft.write_bytes(content)
    draft.replace(path)


def await_rest(checkout: Path, stack: str, *, timeout_s: float = ENDING_TIMEOUT_S) -> None:
    """
    Wait for an engine of this machine that goes on after who started it was killed: it finishes what it has begun.

    Raises: LockedError where it does not come to rest in time.
    """
    note = note_of(checkout, stack)
    deadline = time.monotonic() + timeout_s
    is_told = False
    while (left := lock.parsed(note.read_bytes() if note.exists() else None)) and not left.is_gone:
        if time.monotonic() > deadline:
            raise lock.LockedError(
                f"{stack}: an engine of an earlier command is still at work (pid {left.pid}). Nothing was done. Look at it: "
                f"`ps {left.pid}`."
            )
        if not is_told:
            is_told = True
            progress.say(f"  ... an engine of an earlier command finishes what it has begun (pid {left.pid})")
        time.sleep(POLL_S)
    note.unlink(missing_ok=True)


def _lines(log: Path, process: subprocess.Popen[bytes]) -> Iterator[str]:
    """
    The lines of the log as they are written, until the engine has ended.
    """
    with contextlib.ExitStack() as stack:
        file: IO[str] | None = None
        rest = ""
        while True:
            has_ended = process.poll() is not None
            if file is None and log.exists():
                file = stack.enter_context(log.open(errors="replace"))
            *lines, rest = (rest + (file.read() if file else "")).split("\n")
            yield from lines
            if has_ended:
                yield rest
                return
            if not lines:
                time.sleep(POLL_S)


@contextlib.contextmanager
def _ending(process: subprocess.Popen[bytes], what: str, timeout_s: float | None) -> Iterator[None]:
    """
    No engine is left behind: it is asked to end when this process is interrupted or the time is up, and then awaited.
    """
    is_late = threading.Event()

    def stop() -> None:
        is_late.set()
        process.send_signal(signal.SIGINT)

    timer = threading.Timer(timeout_s, stop) if timeout_s else None
    if timer:
        timer.daemon = True
        timer.start()
    try:
        yield
    except BaseException:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(ENDING_TIMEOUT_S)
        raise
    finally:
        if timer:
            timer.cancel()
        if process.poll() is None:
            process.kill()
            process.wait()
    if is_late.is_set():
        raise FlotillaError(
            f"pulumi {what}: no end after {timeout_s:g} s, so it was stopped. Nothing was changed. Look at where the state is "
            f"kept: `pulumi whoami -v`."
        )


def _end_with() -> Callable[[], None] | None:
    """
    What has the engine interrupted when this process ends, however it ends; None where the system cannot.
    """
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return lambda: library.prctl(SET_DEATH_SIGNAL, signal.SIGINT)
