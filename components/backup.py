"""
How a project's data, or what the ingress servers have, is backed up. Declared here; the host's role `backup` does it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions


@dataclass(frozen=True, kw_only=True)
class BackupArgs:
    """
    `schedule` is cron's; `retention` is {daily | weekly | monthly: how many}; `offsite` is {kind, location} or None; `covers`
    names the data: `database:<name>`, `volume:<name>`. The ingress servers are the project `ingress`.
    """

    project: str
    schedule: str
    retention: Mapping[str, int]
    offsite: Mapping[str, str] | None
    drill_interval_days: int
    covers: Sequence[str]


class Backup(pulumi.ComponentResource):
    """
    The policy of one project. Backups are always encrypted, and fetched by a server that the project's cannot reach into.
    """

    covers: Output[list[str]]

    def __init__(self, name: str, args: BackupArgs, opts: ResourceOptions | None = None) -> None:
        props = {
            "project": args.project,
            "schedule": args.schedule,
            "retention": dict(args.retention),
            "offsite": dict(args.offsite) if args.offsite else None,
            "drillIntervalDays": args.drill_interval_days,
            "covers": list(args.covers),
            "encrypted": True,
        }
        super().__init__("flotilla:data:Backup", name, props, opts)
        self.covers = Output.from_input(list(args.covers))
        self.register_outputs({"covers": self.covers})
