"""
The load balancer types that Hetzner Cloud offers. Limits as in Hetzner's overview of 2026.
"""

from __future__ import annotations

from sandbox.cloud.hetzner import catalog
from sandbox.cloud.hetzner.errors import invalid_input
from sandbox.cloud.store import Document
from settings.prices import current

ROWS = (
    # id, name, connections, services, targets, certificates
    (1, "lb11", 10_000, 5, 25, 10),
    (2, "lb21", 20_000, 15, 75, 25),
    (3, "lb31", 40_000, 30, 150, 50),
)


def prices(name: str) -> list[Document]:
    """
    A type's prices per location.
    """
    return [catalog.rates(location, known) for location, known in current().load_balancers[name].items()]


TYPES: list[Document] = [
    {
        "id": id,
        "name": name,
        "description": name.upper(),
        "max_connections": connections,
        "max_services": services,
        "max_targets": targets,
        "max_assigned_certificates": certificates,
        "deprecated": None,
        "prices": prices(name),
    }
    for id, name, connections, services, targets, certificates in ROWS
]


def by_id(id: int) -> Document:
    """
    The type that a load balancer has.
    """
    return next(entry for entry in TYPES if entry["id"] == id)


def named(id_or_name: int | str) -> Document:
    """
    Raises: HetznerError (invalid_input) where there is no such type.
    """
    for entry in TYPES:
        if str(entry["id"]) == str(id_or_name) or entry["name"] == id_or_name:
            return entry
    raise invalid_input("load_balancer_type", f"load balancer type '{id_or_name}' does not exist")
