"""
A program or a policy pack as a process group of its own, which ends as a whole and never outlives the host.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Literal

GRACE_S = 2.0  # the engine kills the host itself after 5 s
CHUNK_BYTES = 64 * 1024
LIFELINE = Path(__file__).with_name("lifeline.py")

Stream = Literal["stdout", "stderr"]


@dataclass(frozen=True, kw_only=True)
class Command:
    """
    What to run in which interpreter: a script's path or a module's name with its arguments.
    """

    interpreter: str
    kind: Literal["script", "module"]
    target: str
    arguments: Sequence[str] = ()
    folder: str
    environment: Mapping[str, str]


@dataclass(eq=False)
class Child:
    """
    A running command.
    """

    process: subprocess.Popen[bytes]
    lifeline: int  # nothing is ever written: closing it ends the group
    _ended: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def start(cls, command: Command, *, is_captured: bool) -> Child:
        """
        Start it; its output goes where the host's own goes, or into pipes where it is captured.
        """
        theirs, ours = os.pipe()
        try:
            process = subprocess.Popen(
                [command.interpreter, "-u", str(LIFELINE), str(theirs), command.kind, command.target, *command.arguments],
                cwd=command.folder,
                env=dict(command.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if is_captured else None,
                stderr=subprocess.PIPE if is_captured else None,
                pass_fds=(theirs,),
                process_group=0,
            )
        except OSError:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        return cls(process, ours)

    def wait(self) -> int:
        """
        The exit code; what the command left running in its group is ended too.
        """
        code = self.process.wait()
        self._ended.set()
        self._signal(signal.SIGKILL)
        with suppress(OSError):
            os.close(self.lifeline)
        return code

    def end(self) -> None:
        """
        Ask the whole group to end and, 2 s later, make it; does not wait for it.
        """
        if self._ended.is_set():
            return
        self._signal(signal.SIGTERM)
        threading.Thread(target=self._end_for_sure, daemon=True).start()

    def _end_for_sure(self) -> None:
        if not self._ended.wait(GRACE_S):
            self._signal(signal.SIGKILL)

    def has_ended(self, timeout_s: float) -> bool:
        """
        Whether it ended within that time.
        """
        return self._ended.wait(timeout_s)

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def output(self) -> Iterator[tuple[Stream, bytes] | int]:
        """
        What a captured command prints, as it prints it, and at last its exit code.
        """
        queue: SimpleQueue[tuple[Stream, bytes] | int] = SimpleQueue()
        readers = [
            threading.Thread(target=_pump, args=(pipe, name, queue), daemon=True)
            for pipe, name in ((self.process.stdout, "stdout"), (self.process.stderr, "stderr"))
        ]

        def finish() -> None:
            code = self.wait()
            for reader in readers:
                reader.join(GRACE_S)  # something that left the group may hold the pipe for ever
            queue.put(code)

        for thread in (*readers, threading.Thread(target=finish, daemon=True)):
            thread.start()
        while not isinstance(item := queue.get(), int):
            yield item
        yield item


def _pump(pipe: IO[bytes], name: Stream, queue: SimpleQueue[tuple[Stream, bytes] | int]) -> None:
    while data := os.read(pipe.fileno(), CHUNK_BYTES):
        queue.put((name, data))
    pipe.close()
