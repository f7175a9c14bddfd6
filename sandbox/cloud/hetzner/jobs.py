"""
Work in the background: first come, first served for each resource, different resources at the same time.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait

WORKERS = 32
Key = tuple[str, int]

log = logging.getLogger(__name__)


class Jobs:
    """
    Runs functions in threads. A job waits for all earlier jobs that share a key with it, so order is that of submission and no
    two jobs can wait for each other.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="job")
        self._last: dict[Key, Future[None]] = {}
        self._submitting = threading.Lock()
        self._barrier: Future[None] | None = None
        self._stopping = threading.Event()

    def submit(self, keys: Iterable[Key], work: Callable[[], None]) -> Future[None]:
        """
        Run the work after everything that was submitted earlier for any of the keys.
        """
        with self._submitting:
            self._last = {key: future for key, future in self._last.items() if not future.done()}
            wanted = set(keys)
            earlier = [future for key, future in self._last.items() if key in wanted]
            if self._barrier is not None and not self._barrier.done():
                earlier.append(self._barrier)
            future = self._pool.submit(self._run, earlier, work)
            self._last.update(dict.fromkeys(wanted, future))
            return future

    def first(self, work: Callable[[], None]) -> Future[None]:
        """
        Run the work before every job that is submitted from now on.
        """
        self._barrier = self._pool.submit(self._run, [], work)
        return self._barrier

    def stop(self, timeout_s: float) -> None:
        """
        Begin nothing new, and wait so long for what runs. What is not done then ends with the process.
        """
        self._stopping.set()
        with self._submitting:
            under_way = [*self._last.values(), *([self._barrier] if self._barrier else [])]
        self._pool.shutdown(wait=False, cancel_futures=True)
        wait(under_way, timeout_s)

    def _run(self, earlier: list[Future[None]], work: Callable[[], None]) -> None:
        wait(earlier)
        if self._stopping.is_set():
            return
        try:
            work()
        except Exception:
            log.exception("a background job failed")
