"""
What every server has: who administers it, who may reach it, how long it remembers, when it is updated.
"""

from __future__ import annotations

import zlib
from typing import Any

from components import access
from components.declarations import ports
from components.naming import all_servers
from settings import Settings
from settings.stacks import is_sandbox

# Where no rule says otherwise.
LOG_RETENTION_DAYS = 30
MINUTES_PER_DAY = 24 * 60
# Long enough for an upgrade with a restart.
APART_MINUTES = 15


def declare(settings: Settings, server: str) -> dict[str, Any]:
    """
    `admins` are {name: public key}; `ssh_sources` and the networks are address ranges; ports are {protocol: [port, ...]}.
    """
    environment = settings.environment
    compliance = environment.compliance
    _, pool = all_servers(settings)[server]
    return {
        "admins": access.public_keys(environment.access, settings.root),
        "ssh_sources": list(environment.access.sources),
        "private_network": environment.network.cidr,
        "container_networks": environment.network.overlay,
        "public_ports": ports.public(pool.roles),
        "private_ports": ports.private(pool.roles),
        "log_retention_days": compliance.log_retention_days if compliance else LOG_RETENTION_DAYS,
        "updates": {"on_calendar": upgrade_time(settings, server), "may_restart": environment.updates.may_restart},
        "is_sandbox": is_sandbox(settings.stack),
    }


def upgrade_time(settings: Settings, server: str) -> str:
    """
    The server's own time in the window, for systemd: servers of a pool stand in for one another, so no two of them are
    upgraded, and perhaps restarted, together. It depends on the server's own name only: one more moves none of the others.
    """
    start, length = settings.environment.updates.minutes
    pool, _, number = server.rpartition("-")
    offset = (int(number) - 1) * APART_MINUTES + zlib.crc32(pool.encode()) % APART_MINUTES
    minute = (start + offset % length) % MINUTES_PER_DAY
    return f"*-*-* {minute // 60:02d}:{minute % 60:02d}:00 UTC"
