"""
What happens when this process is told to stop.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGHUP)
STOPPING = (signal.SIGINT, *ENDING)


@contextmanager
def answered(numbers: Sequence[signal.Signals], answer: Callable[[], None]) -> Iterator[None]:
    """
    Call `answer` for these signals while this lasts. Whoever had one ignored, such as nohup does, goes on having it ignored;
    and only the main thread may say so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_: int, __: FrameType | None) -> None:
        answer()

    before = {number: signal.signal(number, handle) for number in numbers if signal.getsignal(number) is not signal.SIG_IGN}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
