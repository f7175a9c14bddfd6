"""
Zones to ask about, and a DNS server that answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.cloud.cloudflare.records import create_record
from sandbox.cloud.cloudflare.zones import seed_zone
from sandbox.cloud.dns.server import DnsServer
from sandbox.cloud.store import Document, Store

Publish = Callable[..., Document]


@pytest.fixture
def publish(store: Store) -> Publish:
    """
    Put a record into `flotilla.test` by the same code that the API uses: `publish("www", "A", "127.10.1.11", ttl=60)`.
    """
    zone = seed_zone(store, "flotilla.test")

    def put(name: str, kind: str, content: str | None = None, **fields: Any) -> Document:
        return create_record(store, zone, {"name": name, "type": kind, "content": content, **fields})

    return put


@pytest.fixture
def server(store: Store) -> Iterator[DnsServer]:
    """
    A server on a free loopback port.
    """
    running = DnsServer(store, "127.0.0.1", 0)
    running.start()
    yield running
    running.stop()
