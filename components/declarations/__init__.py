"""
What each server is to be, as data: one module per role, pure functions of the settings and of the servers' private addresses.

A host role reads its part of `/etc/flotilla/host.json` and makes the machine so; nothing here touches a machine. No secrets.

    {"version": 1, "environment": ..., "server": ..., "roles": {role: data}}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from components.declarations import backup, backup_source, common, db, dns, docker, exporters, monitoring
from components.naming import all_servers
from settings import Role, Settings

VERSION = 1

Declare = Callable[[Settings, str, Mapping[str, str]], dict[str, Any]]
ROLES: Mapping[Role, Declare] = {Role.DB: db.declare, Role.BACKUP: backup.declare, Role.MONITORING: monitoring.declare}


def declaration(
    settings: Settings,
    server: str,
    addresses: Mapping[str, str],
    host_keys: Mapping[str, str],
    entry: Mapping[str, str],
) -> dict[str, Any]:
    """
    The whole declaration of a server. `addresses` is {server: private address} of those in `known_servers`; `host_keys` is
    {server: public SSH key}, and only the role `backup` asks for it; `entry` is where names lead, {kind of record:
    address}, and only the role `monitoring` asks for it.
    """
    _, pool = all_servers(settings)[server]
    roles = {role.value: ROLES[role](settings, server, addresses) if role in ROLES else {} for role in sorted(pool.roles)}
    if docker.ROLES & set(pool.roles):
        roles["docker"] = docker.declare(settings, server, addresses)
    if backup_source.is_source(settings, server):
        roles[backup_source.NAME] = backup_source.declare(settings, server, addresses)
    if Role.BACKUP in pool.roles:
        roles[Role.BACKUP.value] = backup.with_host_keys(roles[Role.BACKUP.value], host_keys)
    if Role.MONITORING in pool.roles:
        roles[Role.MONITORING.value] = dns.with_names(roles[Role.MONITORING.value], settings, entry)
    return {
        "version": VERSION,
        "environment": settings.environment.name,
        "server": server,
        "roles": {
            "common": common.declare(settings, server),
            "exporters": exporters.declare(settings, server, addresses),
            **roles,
        },
    }


def known_servers(settings: Settings, server: str) -> list[str]:
    """
    The servers whose addresses a server's declaration asks for: all of them with the roles in `ROLES`, its own for Docker and
    the exporters, and those of who fetches its backups. Such a declaration stays as it is when a server is added.
    """
    servers = all_servers(settings)
    _, pool = servers[server]
    if any(role in ROLES for role in pool.roles):
        return list(servers)
    return [server, *(backup_source.backup_servers(settings) if backup_source.is_source(settings, server) else ())]
