"""
What is watched, and who is told. Declared here; the host's role `monitoring` does it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """
    `watched` names every server that is watched, `targets` every address that is asked from outside, `alerts` every rule.
    `receivers` are (name, kind).
    """

    watched: Sequence[str]
    targets: Sequence[str]
    alerts: Sequence[str]
    receivers: Sequence[tuple[str, str]]
    retention_days: int


class Monitoring(pulumi.ComponentResource):
    """
    The environment's monitoring. What a server is asked and when somebody is told is in its watchers' declarations.
    """

    servers: Output[list[str]]

    def __init__(self, name: str, args: MonitoringArgs, opts: ResourceOptions | None = None) -> None:
        props = {
            "servers": list(args.watched),
            "targets": list(args.targets),
            "alerts": list(args.alerts),
            "receivers": [{"name": receiver, "kind": kind} for receiver, kind in args.receivers],
            "retentionDays": args.retention_days,
        }
        super().__init__("flotilla:monitoring:Monitoring", name, props, opts)
        self.servers = Output.from_input(list(args.watched))
        self.register_outputs({"servers": self.servers})
