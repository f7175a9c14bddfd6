"""
Progress on standard error: one line when a step starts to take long, one when it ends, each with its time.

This module needs nothing but the standard library: the toolchain reports progress before any package is installed.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ops.console import visible

QUIET_S = 3.0
HEARTBEAT_S = 15.0


def say(text: str) -> None:
    """
    Print one line of progress, never mixed into a command's own output.
    """
    print(visible(text), file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """
    Announce work once it takes longer than 3 s, repeat every 15 s that it is still going on, and say how long it took.
    """
    started = time.monotonic()
    finished = threading.Event()

    def announce() -> None:
        wait_s = QUIET_S
        while not finished.wait(wait_s):
            say(f"  ... {title} ({time.monotonic() - started:.0f} s)")
            wait_s = HEARTBEAT_S

    reporter = threading.Thread(target=announce, daemon=True)
    reporter.start()
    outcome = "failed"
    try:
        yield
        outcome = "done"
    finally:
        finished.set()
        reporter.join()
        say(f"  {outcome:6} {title} ({time.monotonic() - started:.1f} s)")
