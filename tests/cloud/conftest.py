"""
What the tests of every emulator share: a store of their own and a real HTTP server on a free loopback port.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from sandbox.cloud.store import Store

Serve = Callable[..., str]

START_TIMEOUT_S = 10.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """
    An empty store in a file.
    """
    opened = Store(tmp_path / "cloud.sqlite")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """
    Serve an application with uvicorn (its options pass through) until the session ends.

    Returns the address, as in `http://127.0.0.1:1234`.
    """
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: FastAPI, **options: Any) -> str:
        listener = socket.socket(
            socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP
        )  # else asyncio leaves Nagle on: 40 ms each
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", **options))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        running.append((server, thread))
        deadline = time.monotonic() + START_TIMEOUT_S
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started
        scheme = "https" if "ssl_certfile" in options else "http"
        return f"{scheme}://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = server.force_exit = True
        thread.join()
