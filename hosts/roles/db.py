"""
A server that has databases: PostgreSQL, and a pooler before it.
"""

from __future__ import annotations

from collections.abc import Sequence

from hosts.host import Host
from hosts.items import Item
from hosts.roles import pgbouncer, postgresql


def wanted(host: Host) -> Sequence[Item]:
    """
    The database first: the pooler logs in to it.
    """
    return [*postgresql.wanted(host), *pgbouncer.wanted(host)]
