"""
The private network between the servers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_hcloud as hcloud
from pulumi import Output, ResourceOptions


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """
    `subnets` are the parts of `cidr` that servers get addresses from: {Hetzner's network zone: range}. `routes` are
    (destination, gateway), for networks behind one of the servers.
    """

    cidr: str
    subnets: Mapping[str, str]
    routes: Sequence[tuple[str, str]]
    labels: Mapping[str, str]
    protect: bool


class Network(pulumi.ComponentResource):
    """
    A network with one subnet for each zone that servers stand in. Servers join a subnet, so that they are not made before it.
    """

    network_id: Output[str]

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
        self.network_id = network.id
        self._subnets = {zone: self._subnet(name, zone, cidr, args.protect) for zone, cidr in sorted(args.subnets.items())}
        for destination, gateway in args.routes:
            hcloud.NetworkRoute(
                f"{name}-route-{destination.replace('/', '-')}",
                network_id=network.id.apply(int),
                destination=destination,
                gateway=gateway,
                opts=ResourceOptions(parent=self, depends_on=list(self._subnets.values())),
            )
        self.register_outputs({"network_id": self.network_id})

    def subnet_id(self, zone: str) -> Output[str]:
        """
        The subnet of a network zone; not one output with all of them, which a further subnet would make unknown in a preview.
        """
        return self._subnets[zone].id

    def _subnet(self, name: str, zone: str, cidr: str, protect: bool) -> hcloud.NetworkSubnet:
        return hcloud.NetworkSubnet(
            f"{name}-subnet-{zone}",
            network_id=self.network_id.apply(int),
            type="cloud",
            network_zone=zone,
            ip_range=cidr,
            opts=ResourceOptions(parent=self, protect=protect),
        )
