"""
Which ports of a server anybody but the server itself reaches: one line for each thing that listens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from components.declarations import backup, db, exporters
from settings import Role

# (protocol, port)
Port = tuple[str, int]
SSH: Port = ("tcp", 22)
WEB: tuple[Port, ...] = (("tcp", 80), ("tcp", 443), ("udp", 443))
# Orders, gossip, and containers' packets. Source: docs.docker.com, "Getting started with swarm mode", read 2026-11-26.
SWARM: tuple[Port, ...] = (("tcp", 2377), ("tcp", 7946), ("udp", 7946), ("udp", 4789))
NODE_EXPORTER: Port = ("tcp", exporters.NODE_PORT)
DOCKER_METRICS: Port = ("tcp", exporters.DOCKER_PORT)
PUBLIC: Mapping[Role, tuple[Port, ...]] = {Role.INGRESS: WEB}
DATABASES = (db.PORT, db.POOLER_PORT, exporters.POSTGRES_PORT, db.POOLER_EXPORTER_PORT)
# From the private network only.
PRIVATE: Mapping[Role, tuple[Port, ...]] = {
    Role.APP: (*SWARM, DOCKER_METRICS),
    Role.INGRESS: (*SWARM, DOCKER_METRICS, ("tcp", exporters.HAPROXY_PORT)),
    # A restored cluster, while a database server takes its data back.
    Role.BACKUP: (("tcp", backup.SERVE_PORT),),
    Role.DB: tuple(("tcp", port) for port in DATABASES),
}


def public(roles: Iterable[Role]) -> dict[str, list[int]]:
    """
    What the world reaches: {protocol: ports}.
    """
    return _by_protocol(port for role in roles for port in PUBLIC.get(role, ()))


def private(roles: Iterable[Role]) -> dict[str, list[int]]:
    """
    What the fleet's servers reach: {protocol: ports}. SSH and node exporter are everywhere.
    """
    return _by_protocol([SSH, NODE_EXPORTER, *(port for role in roles for port in PRIVATE.get(role, ()))])


def _by_protocol(ports: Iterable[Port]) -> dict[str, list[int]]:
    found = set(ports)
    return {name: sorted(port for protocol, port in found if protocol == name) for name in ("tcp", "udp")}
