"""
What a server gives to the backup server: the cluster that it has, the volumes and certificates that are on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from components.declarations import backup, db
from components.naming import all_servers
from settings import Role, Settings

NAME = "backup-source"


def is_source(settings: Settings, server: str) -> bool:
    """
    Whether a server has data that is backed up.
    """
    return bool(backup_servers(settings)) and bool(_covered(settings, server))


def declare(settings: Settings, server: str, addresses: Mapping[str, str]) -> dict[str, Any]:
    """
    `backup_servers` are the private addresses that may ask; `volumes` are paths; `database` is {port, version, data_directory}
    or None.
    """
    covered = _covered(settings, server)
    declared = db.declare(settings, server, addresses) if any(kind == "database" for kind, _ in covered) else None
    return {
        "backup_servers": [addresses[name] for name in backup_servers(settings)],
        "volumes": sorted({path for kind, path in covered if kind == "volume"}),
        "database": {name: declared[name] for name in ("port", "version", "data_directory")} if declared else None,
    }


def backup_servers(settings: Settings) -> list[str]:
    """
    The servers that fetch it; none when the environment has no backups.
    """
    if settings.environment.backup is None:
        return []
    return [name for name, (_, pool) in all_servers(settings).items() if Role.BACKUP in pool.roles]


def _covered(settings: Settings, server: str) -> list[tuple[str, str]]:
    """
    The data that is on this server: (kind, path).
    """
    found = [place for policy in backup.policies(settings) for place in backup.places(settings, policy)]
    return [(place["kind"], place.get("path", "")) for place in found if place["server"] == server]
