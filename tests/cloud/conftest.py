"""
What the tests of every emulator share: a store of their own and a real HTTP server on a free loopback port.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from sandbox.cloud.store import Store
from tests.cloud.serving import Served

Serve = Callable[..., str]


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
    running: list[Served] = []

    def start(app: FastAPI, **options: Any) -> str:
        running.append(Served(app, **options))
        return running[-1].url

    yield start
    for served in running:
        served.stop()
