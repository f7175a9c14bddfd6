"""
What every server tells of itself: which measures, and where Prometheus asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components import haproxy
from components.declarations import db
from components.naming import all_servers
from settings import Role, Settings

NODE_PORT = 9100
HAPROXY_PORT = 8405
POSTGRES_PORT = 9187
# Run by the role `docker`.
DOCKER_PORT = 9323


def jobs(settings: Settings, server: str) -> dict[str, int]:
    """
    Everything on a server that Prometheus asks: {job: port}. Each listens on the server's private address only.
    """
    _, pool = all_servers(settings)[server]
    found = {"node": NODE_PORT}
    if {Role.APP, Role.INGRESS} & set(pool.roles):
        found["docker"] = DOCKER_PORT
    if Role.INGRESS in pool.roles:
        found["haproxy"] = HAPROXY_PORT
    if db.databases(settings, server):
        found |= {"postgres": POSTGRES_PORT, "pgbouncer": db.POOLER_EXPORTER_PORT}
    return found


def declare(settings: Settings, server: str, addresses: Mapping[str, str]) -> dict[str, Any]:
    """
    `haproxy` is how HAProxy's container on the server is asked: its socket, and the user that may. `has_containers`: their
    restarts and memory are counted. Knows of no other server.
    """
    found = jobs(settings, server)
    return {
        "address": addresses[server],
        "ports": {job: found[job] for job in ("node", "haproxy", "postgres") if job in found},
        "haproxy": {"socket": haproxy.METRICS, "user": haproxy.UID} if "haproxy" in found else None,
        "database_port": db.PORT if "postgres" in found else None,
        "has_containers": "docker" in found,
    }
