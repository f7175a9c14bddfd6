"""
One at a time: whoever changes repositories, or needs them unchanged, holds a lock, which ends with its process.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hosts.backup.errors import failed

POLL_S = 1


@contextmanager
def held(path: Path, resource: str, timeout_s: float) -> Iterator[None]:
    """
    Raises: BackupError where somebody else holds it for longer.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout_s
    with path.open("a") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    fact = f"another backup, restore or copy is going on, and was waited for {timeout_s:.0f} s"
                    raise failed("busy", resource, fact, "Try again when it has ended") from None
                time.sleep(POLL_S)
        yield
