"""
The roles: what each wants of a server. `common` and what every server has come first, then the declared ones in this order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hosts.host import Host
from hosts.items import Item
from hosts.roles import backup, backup_source, common, db, docker, exporters, monitoring

Wanted = Callable[[Host], Sequence[Item]]
ROLES: Mapping[str, Wanted] = {
    "common": common.wanted,
    "docker": docker.wanted,
    "db": db.wanted,
    "exporters": exporters.wanted,
    "backup-source": backup_source.wanted,
    "backup": backup.wanted,
    "monitoring": monitoring.wanted,
}


def wanted(host: Host) -> dict[str, Sequence[Item]]:
    """
    Everything that a server is to be: {role: items}.
    """
    return {name: role(host) for name, role in ROLES.items() if name in host.roles}
