"""
How often one client may ask: a bucket of tokens each, which fills again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

CLIENTS_MAXIMUM = 10_000


class Limiter:
    """
    At most `burst` requests at once from a client, and `per_s` in the long run. The least recent clients are forgotten.
    """

    def __init__(self, *, burst: int, per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._per_s = per_s
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait_s(self, client: str) -> int:
        """
        0 if the client may ask now, and has; else in how many seconds it may.
        """
        with self._lock:
            now = self._clock()
            tokens, since = self._buckets.pop(client, (float(self._burst), now))
            tokens = min(float(self._burst), tokens + (now - since) * self._per_s)
            is_allowed = tokens >= 1
            self._buckets[client] = (tokens - 1 if is_allowed else tokens, now)
            if len(self._buckets) > CLIENTS_MAXIMUM:
                self._buckets.popitem(last=False)
        return 0 if is_allowed else max(1, round((1 - tokens) / self._per_s))
