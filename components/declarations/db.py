"""
What a database server is to hold: PostgreSQL with one database per project, and how much each may take.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.naming import DATA, all_servers
from settings import Project, Role, Settings

PORT = 5432
# Beside a project's own connections: its migration, its backup, and a person who looks.
SPARE_CONNECTIONS = 3
# For the roles themselves: monitoring, replication of backups, and the superuser's own reserve.
RESERVED_CONNECTIONS = 10
MEGABYTES_PER_GIGABYTE = 1024


def home(settings: Settings) -> str | None:
    """
    The server that holds all projects' databases: the first with the role. A further one takes none of them away from it.
    """
    return next((name for name, (_, pool) in all_servers(settings).items() if Role.DB in pool.roles), None)


def databases(settings: Settings, server: str) -> list[Project]:
    """
    The projects whose databases are on this server, by name.
    """
    if server != home(settings):
        return []
    return [project for _, project in sorted(settings.projects.items()) if project.database]


def memory_mb(settings: Settings, server: str) -> int:
    """
    What PostgreSQL may count on: all of a server of its own, half of one that it shares with containers.
    """
    _, pool = all_servers(settings)[server]
    whole = pool.hardware.memory_gb * MEGABYTES_PER_GIGABYTE
    return whole // 2 if {Role.APP, Role.INGRESS} & set(pool.roles) else whole


def declare(settings: Settings, server: str, addresses: Mapping[str, str]) -> dict[str, Any]:
    """
    `clients` are the private addresses that may connect: those of the servers that projects run on. A database belongs to a
    user of the same name.
    """
    _, pool = all_servers(settings)[server]
    found = [_database(project) for project in databases(settings, server)]
    clients = [addresses[name] for name, (_, other) in all_servers(settings).items() if Role.APP in other.roles]
    return {
        "address": addresses[server],
        "port": PORT,
        "data_directory": f"{DATA}/postgresql" if pool.volume_gb else None,
        "memory_mb": memory_mb(settings, server),
        "cores": pool.hardware.cores,
        "max_connections": RESERVED_CONNECTIONS + sum(database["connection_limit"] for database in found),
        "clients": clients,
        "databases": found,
    }


def _database(project: Project) -> dict[str, Any]:
    database = project.database
    if database is None:
        raise ValueError(f"the project {project.name} has no database")
    return {
        "project": project.name,
        "name": database.name,
        "owner": database.name,
        "extensions": list(database.extensions),
        "pool_size": database.pool_size,
        "connection_limit": database.pool_size + SPARE_CONNECTIONS,
    }
