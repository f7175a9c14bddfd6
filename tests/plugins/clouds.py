"""
The emulated clouds behind the plugins' tests, over machines that are only written down.
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

from sandbox.cloud.cloudflare import app as cloudflare
from sandbox.cloud.cloudflare.zones import seed_zone
from sandbox.cloud.hetzner import app as hetzner
from sandbox.cloud.store import Store
from sandbox.instance import Instance

TOKEN = "a-made-up-token"
START_TIMEOUT_S = 10.0


class StillMachines:
    """
    Machines that are only written down: each starts and stops at once.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.client = self
        self.disks = self
        self.on: set[int] = set()
        self._ended = threading.Event()

    def events(self, **_: Any) -> StillMachines:
        return self

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._ended.wait()
        return iter(())

    def close(self) -> None:
        self._ended.set()

    def running(self) -> set[int]:
        return set(self.on)

    def start(self, spec: Any) -> dict[int, str]:
        self.on.add(spec.server_id)
        return {address.network_id: "02:42:00:00:00:07" for address in spec.private}

    def stop(self, server_id: int, graceful: bool) -> None:
        self.on.discard(server_id)

    def delete(self, server_id: int, volumes: Any = ()) -> None:
        self.on.discard(server_id)

    def converge(self, spec: Any) -> dict[int, str]:
        return {address.network_id: "02:42:00:00:00:07" for address in spec.private}

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


@pytest.fixture
def serve() -> Iterator[Callable[[FastAPI], str]]:
    """
    Serves an application on a free loopback port; returns its address.
    """
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(app: FastAPI) -> str:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running.append((server, thread))
        deadline = time.monotonic() + START_TIMEOUT_S
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, _ in running:
        server.should_exit = True
    for _, thread in running:
        thread.join(START_TIMEOUT_S)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """
    The emulators' memory.
    """
    opened = Store(tmp_path / "cloud.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def cloudflare_url(serve: Any, store: Store) -> str:
    """
    The Cloudflare API with the zone flotilla.test.
    """
    seed_zone(store, "flotilla.test")
    return serve(cloudflare.create_app(store, TOKEN)) + "/client/v4"


@pytest.fixture
def hetzner_url(serve: Any, store: Store, tmp_path: Path) -> Iterator[str]:
    """
    The Hetzner Cloud API over machines that are only written down.
    """
    (tmp_path / ".flotilla").mkdir()
    machines = StillMachines(Instance(id="0123abcd", checkout=tmp_path, block=7))
    yield serve(hetzner.create_app(store, machines, TOKEN)) + "/v1"  # type: ignore[arg-type]
    machines.close()
