"""
What Hetzner offers, as far as settings know it.
"""

from __future__ import annotations

from sandbox.cloud.hetzner import catalog as emulated
from settings import capacity
from settings.catalog import LOCATIONS, SERVER_TYPES, is_sold
from settings.environment import ServerPool
from settings.prices import current


def test_every_server_type_has_a_price() -> None:
    """Budgets know the price of each server type that settings accept, and no server is free."""
    servers = current().servers
    assert servers.keys() >= SERVER_TYPES.keys()
    assert all(row.eur > 0 for rows in servers.values() for row in rows.values())


def test_a_type_has_a_price_wherever_it_is_sold() -> None:
    """What settings allow in a location can be budgeted there."""
    sold = {(name, location) for name in SERVER_TYPES for location in LOCATIONS if is_sold(name, location)}
    assert {(name, location) for name, rows in current().servers.items() for location in rows} >= sold


def test_server_types_are_sold_where_the_emulator_has_them() -> None:
    """Settings refuse a type in a location just where it cannot be ordered."""
    offered = {
        (offer.name, location)
        for offer in emulated.OFFERS
        for location in offer.locations
        if offer.name in SERVER_TYPES and offer.deprecation(location) is None
    }
    assert {(name, location) for name in SERVER_TYPES for location in LOCATIONS if is_sold(name, location)} == offered


def test_room_for_projects() -> None:
    """A server keeps memory for the system and for each of its other roles."""

    def room(*roles: str) -> int:
        return capacity.room_mb(ServerPool.model_validate({"type": "cx23", "roles": roles}))

    assert room("app") == 4096 - 384
    assert room("app", "ingress", "monitoring", "backup") == 4096 - 384 - 512 - 512 - 128
    assert room("app", "db") == 4096 - 384 - 1024


def test_connections_of_a_database_server() -> None:
    """PostgreSQL allows more connections where there is more memory."""
    assert [capacity.max_connections(SERVER_TYPES[name]) for name in ("cx23", "ccx23")] == [100, 400]
