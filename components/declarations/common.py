"""
What every server has: who administers it, who may reach it, how long it remembers.
"""

from __future__ import annotations

from typing import Any

from components import access
from settings import Settings

# Where no rule says otherwise.
LOG_RETENTION_DAYS = 30


def declare(settings: Settings) -> dict[str, Any]:
    """
    `admins` are {name: public key}; `ssh_sources` and the networks are address ranges.
    """
    environment = settings.environment
    compliance = environment.compliance
    return {
        "admins": access.public_keys(environment.access, settings.root),
        "ssh_sources": list(environment.access.sources),
        "private_network": environment.network.cidr,
        "container_networks": environment.network.overlay,
        "log_retention_days": compliance.log_retention_days if compliance else LOG_RETENTION_DAYS,
    }
