"""
The engine at work: a preview or an update of a stack, its events told as they come.

The engine runs in a session of its own, so that Ctrl-C at a terminal reaches it once, from here: it then finishes what it has
begun, saves its state and gives its lock back. It does the same when this process is killed (on Linux).
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
from ops.events import Diagnostic, Event, Finished, Step, Summary, Violation, parse
from ops.lock import Holder

POLL_S: Final = 0.05
PREVIEW_TIMEOUT_S: Final = 1800.0
# How long an interrupted engine may take to finish what it has begun: a release that is just becoming healthy.
ENDING_TIMEOUT_S: Final = 600.0
SET_DEATH_SIGNAL: Final = 1  # PR_SET_PDEATHSIG of linux/prctl.h
COMMON: Final = ("--non-interactive", "--color", "never", "--suppress-outputs", "--suppress-progress")

Listener = Callable[[Event], None]


@dataclass(frozen=True, kw_only=True)
class Preview:
    """
    What would happen: a step for each resource, also for those that stay as they are.
    """

    is_ok: bool
    steps: tuple[Step, ...]
    diagnostics: tuple[Diagnostic, ...]
    violations: tuple[Violation, ...]
    packs: tuple[str, ...]
    duration_s: float


@dataclass(frozen=True, kw_only=True)
class UpdateResult:
    """
    What happened. `changes` is {operation: how many resources}, of what was really done, also where the update failed; `failed`
    are the resources that were not done with.
    """

    is_ok: bool
    changes: Mapping[str, int]
    diagnostics: tuple[Diagnostic, ...]
    duration_s: float
    failed: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[str, ...]:
        """
        The messages that say why it failed.
        """
        return tuple(found.message for found in self.diagnostics if found.severity == "error")


def preview(
    checkout: Path,
    stack: str,
    known: Mapping[str, str],
    *,
    targets: Sequence[str] = (),
    packs: Sequence[Path] = (),
    is_refreshed: bool = False,
    is_destroy: bool = False,
    on_event: Listener | None = None,
    with_dependents: bool = True,
    timeout_s: float = PREVIEW_TIMEOUT_S,
) -> Preview:
    """
    What an update (or a destroy) would do. `is_refreshed` asks the clouds first; `packs` are folders of policy packs.

    Raises: MissingToolError where there is no engine, FlotillaError where it does not end in time.
    """
    arguments = ["destroy", "--preview-only"] if is_destroy else ["preview"]
    # What is protected is shown with the rest; only an update is held up by it.
    arguments += ["--ignore-protect"]
    arguments += ["--refresh"] if is_refreshed else []
    for pack in packs:
        arguments += ["--policy-pack", str(pack)]
    chosen = _targets(targets, with_dependents)
    run = _run([*arguments, *chosen], checkout, stack, known, on_event, timeout_s=timeout_s)
    return Preview(
        is_ok=run.code == 0,
        steps=tuple(event for event in run.events if isinstance(event, Step)),
        diagnostics=run.diagnostics,
        violations=tuple(event for event in run.events if isinstance(event, Violation)),
        packs=next((event.packs for event in run.events if isinstance(event, Summary)), ()),
        duration_s=run.duration_s,
    )


def update(
    checkout: Path,
    stack: str,
    known: Mapping[str, str],
    *,
    targets: Sequence[str] = (),
    on_event: Listener | None = None,
    message: str = "",
    is_destroy: bool = False,
    with_dependents: bool = True,
) -> UpdateResult:
    """
    Make it so: `pulumi up` (or `destroy`) without questions. With `targets`, only these resources and what depends on them, or
    without dependents only these.

    Raises: MissingToolError where there is no engine; KeyboardInterrupt once the engine has come to rest.
    """
    arguments = ["destroy" if is_destroy else "up", "--yes", "--skip-preview", *_targets(targets, with_dependents)]
    arguments += ["--message", message] if message else []
    await_rest(checkout, stack)
    run = _run(arguments, checkout, stack, known, on_event, note=_note(checkout, stack))
    changes: dict[str, int] = {}
    for event in run.events:
        if isinstance(event, Finished) and event.is_ok and event.operation != "same":
            changes[event.operation] = changes.get(event.operation, 0) + 1
    return UpdateResult(
        is_ok=run.code == 0,
        changes=changes,
        diagnostics=run.diagnostics,
        duration_s=run.duration_s,
        failed=tuple(event.urn for event in run.events if isinstance(event, Finished) and not event.is_ok),
    )


def _targets(targets: Sequence[str], with_dependents: bool) -> list[str]:
    chosen = [part for target in targets for part in ("--target", target)]
    return [*chosen, "--target-dependents"] if chosen and with_dependents else chosen


@dataclass(frozen=True, kw_only=True)
class _Run:
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


def _run(
    arguments: Sequence[str],
    checkout: Path,
    stack: str,
    known: Mapping[str, str],
    on_event: Listener | None,
    *,
    timeout_s: float | None = None,
    note: Path | None = None,
) -> _Run:
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
        return _Run(
            code=process.wait(), events=tuple(events), said=said.read(), duration_s=round(time.monotonic() - started, 3)
        )


def _note(checkout: Path, stack: str) -> Path:
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
    note = _note(checkout, stack)
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
