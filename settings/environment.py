"""
One environment: where the servers stand, who may reach them, what serves the projects, and what keeps it all in order.

Written in `Pulumi.<stack>.yaml` under `flotilla:environment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from settings.care import (
    Approval,
    BackupPolicy,
    Compliance,
    DataRegion,
    Monitoring,
    Offsite,
    OffsiteKind,
    ProjectBackup,
    Receiver,
    ReceiverKind,
    Retention,
    Updates,
    Waiver,
)
from settings.entry import Acme, Authority, Dns, DnsRecord, Entry, Ingress, RecordType, Tls
from settings.machines import Access, Location, Network, NetworkRoute, NetworkZone, Role, ServerImage, ServerPool
from settings.model import Model
from settings.values import Count, Days, FilePath, Hostname, Name, PostgresqlVersion, RegistryHost, RegistryUser

__all__ = [
    "Access",
    "Acme",
    "Approval",
    "Authority",
    "BackupPolicy",
    "Compliance",
    "DataRegion",
    "Dns",
    "DnsRecord",
    "Entry",
    "Environment",
    "Ingress",
    "Location",
    "Monitoring",
    "Network",
    "NetworkRoute",
    "NetworkZone",
    "Offsite",
    "OffsiteKind",
    "Postgresql",
    "ProjectBackup",
    "Receiver",
    "ReceiverKind",
    "RecordType",
    "Retention",
    "Role",
    "ServerImage",
    "ServerPool",
    "Tls",
    "Updates",
    "Waiver",
]


class Postgresql(Model):
    """
    What the servers with the role `db` run.
    """

    version: PostgresqlVersion = Field(
        default=15,
        description="The major version. Debian 12 has 15; others come from PostgreSQL's own archive. Another one for a server "
        "that has data already is a migration: docs/databases.md.",
    )


class Environment(Model):
    """
    One environment, complete. `servers` is {pool name: pool}.
    """

    name: Name = Field(description="The environment's name, the same as its stack's.")
    domain: Hostname = Field(description="Projects with a `subdomain` live under this name.")
    zone: Hostname = Field(description="The DNS zone that `domain` is in.")
    zones: tuple[Hostname, ...] = Field(
        default=(), description="Further DNS zones, for domains that projects have of their own."
    )
    location: Location = Field(description="Where servers stand unless their pool says otherwise, such as `fsn1`.")
    network: Network = Field(description="The private network.")
    access: Access = Field(description="Who may log in, and from where.")
    servers: Annotated[Mapping[Name, ServerPool], Field(min_length=1)] = Field(description="Pools of servers, by name.")
    dns: Dns = Field(default=Dns(), description="The environment's DNS.")
    ingress: Ingress = Field(description="How requests get in.")
    registry: RegistryHost = Field(description="The registry that images without a host of their own come from.")
    registry_user: RegistryUser | None = Field(
        default=None,
        description="Who images are pulled as; the password is `registry` in `flotilla:secrets`. None: nobody has to log in.",
    )
    registry_authority: FilePath | None = Field(
        default=None,
        description="The root certificate, PEM, of an authority of one's own that signs the registry's, relative to the "
        "checkout. None: a public one.",
    )
    postgresql: Postgresql = Field(default=Postgresql(), description="The database servers' PostgreSQL.")
    backup: BackupPolicy | None = Field(default=None, description="How databases and volumes are backed up. None: not at all.")
    monitoring: Monitoring | None = Field(default=None, description="What is watched, and who is told. None: nothing.")
    updates: Updates = Field(default=Updates(), description="When servers get security updates.")
    secret_rotation_days: Days = Field(
        default=365,
        description="How many days after it was set a secret is to have another value: `flotilla secrets list`. A year is what "
        "NIST SP 800-57 Part 1 (5.3.6) names for keys that others are derived from; other secrets may be given longer.",
    )
    kept_releases: Count = Field(
        default=5, description="How many releases of a project servers keep the images of, beside those that it serves."
    )
    budget_eur: Annotated[float, Field(strict=True, ge=1, le=1_000_000, allow_inf_nan=False)] | None = Field(
        default=None, description="What it may cost per month in EUR, without tax. None: no limit."
    )
    compliance: Compliance | None = Field(default=None, description="What rules it has to keep. None: only those for all.")
    waivers: tuple[Waiver, ...] = Field(default=(), description="Rules that do not count for a while.")
    approvals: tuple[Approval, ...] = Field(
        default=(), description="What somebody has approved by name: other regions, personal data, other companies."
    )

    @property
    def all_zones(self) -> tuple[str, ...]:
        """
        Every DNS zone of the environment; the first is the one that `domain` is in.
        """
        return (self.zone, *self.zones)

    @property
    def entry(self) -> Entry:
        """
        What stands in front of the servers: what `ingress.entry` says, or what their number asks for. Never `auto`.
        """
        if self.ingress.entry is not Entry.AUTO:
            return self.ingress.entry
        return Entry.LOAD_BALANCER if self.count(Role.INGRESS) > 1 else Entry.SERVER

    def pools(self, role: Role) -> dict[str, ServerPool]:
        """
        The pools whose servers have this role, by name.
        """
        return {name: pool for name, pool in self.servers.items() if role in pool.roles}

    def count(self, role: Role) -> int:
        """
        How many servers have this role.
        """
        return sum(pool.count for pool in self.pools(role).values())

    def zone_of(self, hostname: str) -> str | None:
        """
        The zone that a host name belongs to, the longest if there are several; None if there is none.
        """
        found = [zone for zone in self.all_zones if is_inside(hostname, zone)]
        return max(found, key=len, default=None)


def is_inside(hostname: str, zone: str) -> bool:
    """
    Whether a host name belongs to a DNS zone.
    """
    return hostname == zone or hostname.endswith(f".{zone}")
