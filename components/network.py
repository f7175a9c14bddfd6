"""
The private network between the servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_hcloud as hcloud
from pulumi import Output, ResourceOptions


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """
    `subnet` is the part of `cidr` that servers get addresses from; `zone` is Hetzner's network zone.
    """

    cidr: str
    subnet: str
    zone: str
    labels: Mapping[str, str]
    protect: bool


class Network(pulumi.ComponentResource):
    """
    A network with one subnet. Servers join the subnet, so that they are not made before it.
    """

    network_id: Output[str]
    subnet_id: Output[str]

    def __init__(self, name: str, args: NetworkArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:network:Network", name, None, opts)
        network = hcloud.Network(
            f"{name}-network",
            name=name,
            ip_range=args.cidr,
            labels=args.labels,
            delete_protection=args.protect,
            opts=ResourceOptions(parent=self, protect=args.protect),
        )
        subnet = hcloud.NetworkSubnet(
            f"{name}-subnet",
            network_id=network.id.apply(int),
            type="cloud",
            network_zone=args.zone,
            ip_range=args.subnet,
            opts=ResourceOptions(parent=self, protect=args.protect),
        )
        self.network_id = network.id
        self.subnet_id = subnet.id
        self.register_outputs({"network_id": self.network_id, "subnet_id": self.subnet_id})
