"""
Which ports of a server are open from here, tried for real. Nothing but the address that it is given is ever contacted.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterable, Mapping
from typing import Any

CONNECT_TIMEOUT_S = 2.0
MOST_PORTS = 64
AT_ONCE = 100
# What is attacked first wherever it is found open.
WELL_KNOWN = (21, 22, 23, 25, 80, 111, 443, 2375, 2376, 2377, 3306, 5000, 5432, 6379, 6432, 8080, 9090, 9093, 9100, 27017)
CLOSED = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ECONNRESET)


async def ports(address: str, listening: Iterable[int]) -> Mapping[str, Any]:
    """
    The section {port: whether it is open} of a server: what listens there, and the well-known ones.
    """
    chosen = sorted({*listening, *WELL_KNOWN})
    chosen = [*WELL_KNOWN, *(port for port in chosen if port not in WELL_KNOWN)][:MOST_PORTS]
    gate = asyncio.Semaphore(AT_ONCE)
    try:
        found = await asyncio.gather(*(_is_open(address, port, gate) for port in chosen))
    except OSError as error:
        return {"error": f"{address} cannot be tried from here: {error.strerror}"}
    return {"data": {str(port): is_open for port, is_open in sorted(zip(chosen, found, strict=True))}}


async def _is_open(address: str, port: int, gate: asyncio.Semaphore) -> bool:
    async with gate:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                _, writer = await asyncio.open_connection(address, port)
        except TimeoutError:
            return False
        except OSError as error:
            if error.errno in CLOSED:
                return False
            raise
    writer.transport.abort()
    return True
