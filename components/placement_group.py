"""
Keep a pool's servers on different hardware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_hcloud as hcloud
from pulumi import Output, ResourceOptions

# Hetzner, "Placement groups": a spread group holds ten servers at most. Read 2026-11-21.
SERVERS_PER_GROUP = 10


@dataclass(frozen=True, kw_only=True)
class PlacementGroupArgs:
    """
    Labels are {name: value}.
    """

    labels: Mapping[str, str]


class PlacementGroup(pulumi.ComponentResource):
    """
    Servers in it never share a physical host. A running server cannot leave it, so each is in one from the start.
    """

    group_id: Output[str]

    def __init__(self, name: str, args: PlacementGroupArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:compute:PlacementGroup", name, None, opts)
        group = hcloud.PlacementGroup(
            f"{name}-group", name=name, type="spread", labels=args.labels, opts=ResourceOptions(parent=self)
        )
        self.group_id = group.id
        self.register_outputs({"group_id": self.group_id})
