"""
The emulated clouds behind the plugins' tests, over machines that are only written down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from sandbox.cloud.cloudflare import app as cloudflare
from sandbox.cloud.cloudflare.zones import seed_zone
from sandbox.cloud.store import Store
from sandbox.instance import Instance
from tests.cloud.hetzner.machines import RecordingMachines
from tests.cloud.hetzner.served import ServedCloud
from tests.cloud.serving import Served

TOKEN = "a-made-up-token"


@pytest.fixture
def serve() -> Iterator[Callable[[FastAPI], str]]:
    """
    Serves an application on a free loopback port; returns its address.
    """
    running: list[Served] = []

    def start(app: FastAPI) -> str:
        running.append(Served(app))
        return running[-1].url

    yield start
    for served in running:
        served.leave()


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
def hetzner_url(store: Store, tmp_path: Path) -> Iterator[str]:
    """
    The Hetzner Cloud API over machines that are only written down.
    """
    (tmp_path / ".flotilla").mkdir()
    machines = RecordingMachines(Instance(id="0123abcd", checkout=tmp_path, block=7))
    served = ServedCloud(store, machines, TOKEN)
    yield served.url + "/v1"
    machines.client.close()
    served.stop()
