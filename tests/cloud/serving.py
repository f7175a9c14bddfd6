"""
A real HTTP server for an emulator, on a free loopback port.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import uvicorn
from fastapi import FastAPI

GRACE_S = 5
START_TIMEOUT_S = 10.0


class Served:
    """
    An application that uvicorn serves until `stop`; its options pass through. `url` is as in `http://127.0.0.1:1234`.
    """

    def __init__(self, app: FastAPI, **options: Any) -> None:
        # With the protocol left open, asyncio leaves Nagle on: 40 ms for each request.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        scheme = "https" if "ssl_certfile" in options else "http"
        self.url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"
        # A connection that a test has left in the midst of a request is not waited for without end.
        known: dict[str, Any] = {"log_config": None, "timeout_graceful_shutdown": GRACE_S, **options}
        self._server = uvicorn.Server(uvicorn.Config(app, **known))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        self._wait()

    def settle(self) -> None:
        """
        Let the requests that run come to their end.
        """
        deadline = time.monotonic() + START_TIMEOUT_S
        while self._server.server_state.tasks and time.monotonic() < deadline:
            time.sleep(0.005)
        assert not self._server.server_state.tasks

    def leave(self) -> None:
        """
        Let the requests that run come to their end; the server ends by itself a moment later.
        """
        self.settle()
        self._server.should_exit = True

    def stop(self) -> None:
        """
        Let the requests that run come to their end, then stop.
        """
        self._server.should_exit = True
        self._thread.join(START_TIMEOUT_S)
        assert not self._thread.is_alive()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert self._server.started
