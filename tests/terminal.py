"""
A person at a terminal: bash on a pseudo-terminal, line after line as somebody types it, and answers to what is asked.
"""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

DONE: Final = re.compile(r"\r?\nwas-run (\d+)\r?\n")
# A terminal takes no longer line while it waits for its end.
LONGEST_LINE: Final = 4000
COLOURS: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True, kw_only=True)
class Shown:
    """
    What a line's command ended with and showed, colours left out.
    """

    code: int
    text: str


@dataclass
class Terminal:
    """
    `answers` is {what a question looks like: what is typed}.
    """

    descriptor: int
    answers: Mapping[str, str] = field(default_factory=dict)

    def type(self, line: str, *, blindly: str | None = None, timeout_s: float = 600) -> Shown:
        """
        Type a line and wait until it has run. `blindly` is typed for a command that reads and asks nothing.
        """
        assert len(line) < LONGEST_LINE and "\n" not in line, line
        self._send(f"{line}; printf '\\nwas-run %s\\n' $?\n")
        if blindly is not None:
            time.sleep(0.5)
            self._send(f"{blindly}\n")
        # Each question once: a menu shows its own again with every letter that is typed.
        text, asked, deadline = "", dict(self.answers), time.monotonic() + timeout_s
        while not (done := DONE.search(text)):
            assert time.monotonic() < deadline, f"{line}: nothing more within {timeout_s:g} s after\n{text}"
            if select.select([self.descriptor], [], [], 1)[0]:
                text = COLOURS.sub("", text + os.read(self.descriptor, 65_536).decode(errors="replace"))
            for question in [question for question in asked if re.search(question, text)]:
                self._send(f"{asked.pop(question)}\r")
        return Shown(code=int(done[1]), text=text[: done.start()].replace("\r\n", "\n"))

    def _send(self, text: str) -> None:
        os.write(self.descriptor, text.encode())


@contextmanager
def terminal(checkout: Path, answers: Mapping[str, str]) -> Iterator[Terminal]:
    """
    A shell in a checkout that `. ./env.sh` was said to, and that ends with the block.
    """
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "bash", "--noprofile", "--norc", "--noediting", "-i"],
        cwd=checkout,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PS1": "", "TERM": "xterm", "COLUMNS": "200"},
    )
    os.close(theirs)
    made = Terminal(ours, answers)
    try:
        made.type("stty -echo; PS1=; PS2=")
        assert (said := made.type(". ./env.sh")).code == 0, said.text
        yield made
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGHUP)
        os.close(ours)
        process.wait(30)
