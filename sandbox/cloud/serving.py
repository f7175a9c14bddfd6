"""
HTTP servers for the emulators, several of them in one process.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from ops.errors import FlotillaError

BACKLOG = 128
GRACE_S = 3


class Server(uvicorn.Server):
    """
    One of several servers in a process: signals are the process's matter.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def server(app: Any, **options: Any) -> Server:
    """
    A server for an application; it answers once its `serve` runs.
    """
    settings: dict[str, Any] = {
        "log_config": None,
        "access_log": True,
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_S,
    }
    return Server(uvicorn.Config(app, **{**settings, **options}))


def listen(address: str, port: int) -> socket.socket:
    """
    A listening socket; port 0 is any free one.

    Raises: FlotillaError where somebody else listens there.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # else asyncio leaves Nagle on: 40 ms each
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        raise FlotillaError(
            f"{address}:{port}: {error.strerror}. The sandbox cloud was not started. "
            f"Stop what listens there, then run `flotilla sandbox start`."
        ) from error
    listener.listen(BACKLOG)
    return listener
