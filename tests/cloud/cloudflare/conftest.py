"""
The official Cloudflare client against a running emulator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from cloudflare import Cloudflare

from sandbox.cloud.cloudflare.app import create_app
from sandbox.cloud.cloudflare.state import RECORD, ZONE
from sandbox.cloud.cloudflare.zones import seed_zone
from sandbox.cloud.store import Store

TOKEN = "token-of-the-sandbox-0123456789abcdefghij"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory, serve: Callable[..., str]) -> tuple[Store, str]:
    """
    One emulator for a module, since starting one takes longer than most tests.
    """
    opened = Store(tmp_path_factory.mktemp("cloudflare") / "cloud.sqlite")
    return opened, f"{serve(create_app(opened, TOKEN))}/client/v4"


@pytest.fixture
def store(emulator: tuple[Store, str]) -> Store:
    """
    The emulator's store, emptied for this test.
    """
    opened = emulator[0]
    with opened.transaction():
        for kind in (ZONE, RECORD):
            for document in opened.list(kind):
                opened.delete(kind, document["id"])
    return opened


@pytest.fixture
def base_url(emulator: tuple[Store, str], store: Store) -> str:
    """
    The address that CLOUDFLARE_BASE_URL would hold.
    """
    return emulator[1]


@pytest.fixture
def client(base_url: str) -> Iterator[Cloudflare]:
    """
    A client with the right token.
    """
    with Cloudflare(api_token=TOKEN, base_url=base_url, max_retries=0) as opened:
        yield opened


@pytest.fixture
def zone_id(store: Store) -> str:
    """
    The zone `flotilla.test`.
    """
    return str(seed_zone(store, "flotilla.test")["id"])
