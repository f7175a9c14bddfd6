"""
What a database server is to hold: PostgreSQL with one database per project, and how much each may take.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.naming import DATA, all_servers
from settings import Project, Role, Settings

PORT = 5432
POOLER_PORT = 6432
POOLER_EXPORTER_PORT = 9127
# Hetzner's disks and volumes; a volume is a network of SSDs, and counts as one.
DISK = "ssd"
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
    `clients` are the private addresses that may connect: those of the servers that projects run on; `backups` those of the
    servers that fetch the data. `disk_mount` is where the disk for data is mounted, None without one.
    """
    _, pool = all_servers(settings)[server]
    version = settings.environment.postgresql.version
    found = [_database(project) for project in databases(settings, server)]
    return {
        "version": version,
        "address": addresses[server],
        "port": PORT,
        "pooler_port": POOLER_PORT,
        "exporter_port": POOLER_EXPORTER_PORT,
        "data_directory": f"{DATA if pool.volume_gb else '/var/lib'}/postgresql/{version}/main",
        "disk_mount": DATA if pool.volume_gb else None,
        "disk": DISK,
        "disk_gb": pool.volume_gb or pool.hardware.disk_gb,
        "memory_mb": memory_mb(settings, server),
        "cores": pool.hardware.cores,
        "max_connections": RESERVED_CONNECTIONS + sum(database["connection_limit"] for database in found),
        "clients": _addresses(settings, addresses, Role.APP),
        "backups": _addresses(settings, addresses, Role.BACKUP) if settings.environment.backup else [],
        "databases": found,
    }


def _addresses(settings: Settings, addresses: Mapping[str, str], role: Role) -> list[str]:
    return [addresses[name] for name, (_, pool) in all_servers(settings).items() if role in pool.roles]


def _database(project: Project) -> dict[str, Any]:
    database = project.database
    if database is None:
        raise ValueError(f"the project {project.name} has no database")
    return {
        "project": project.name,
        "name": database.name,
        "generation": database.generation,
        "extensions": list(database.extensions),
        "pool_size": database.pool_size,
        "connection_limit": database.pool_size + SPARE_CONNECTIONS,
    }
