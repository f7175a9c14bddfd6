"""
A public address that is not a server's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_hcloud as hcloud
from pulumi import Output, ResourceOptions

from components.remote import step
from components.server import Server


@dataclass(frozen=True, kw_only=True)
class FloatingIpArgs:
    """
    `server` is who has it now, near `location`. `ttl_s` is how long others remember the address.
    """

    kind: Literal["ipv4", "ipv6"]
    server: Server
    location: str
    ttl_s: int
    labels: Mapping[str, str]
    protect: bool


class FloatingIp(pulumi.ComponentResource):
    """
    An address that stays when its server is replaced: assigned at Hetzner, and known to the server's network at every boot.

    Of IPv6 it is a whole /64, of which the first address is used.
    """

    address: Output[str]

    def __init__(self, name: str, args: FloatingIpArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:network:FloatingIp", name, None, opts)
        floating = hcloud.FloatingIp(
            f"{name}-address",
            name=name,
            type=args.kind,
            home_location=args.location,
            labels=args.labels,
            delete_protection=args.protect,
            opts=ResourceOptions(parent=self, protect=args.protect),
        )
        assignment = hcloud.FloatingIpAssignment(
            f"{name}-assignment",
            floating_ip_id=floating.id.apply(int),
            server_id=args.server.server_id.apply(int),
            opts=ResourceOptions(parent=self),
        )
        # Of an IPv6 network, the API's answer is its first address without the prefix, such as `2001:db8::`.
        is_network = args.kind == "ipv6"
        address = Output.concat(floating.ip_address, "1") if is_network else floating.ip_address
        interface = step(
            f"{name}-interface",
            login=args.server.login,
            run="floating-ip.sh",
            undo="floating-ip-remove.sh",
            data={"KIND": args.kind, "ADDRESS": Output.concat(address, "/64" if is_network else "/32")},
            opts=ResourceOptions(parent=self, depends_on=[args.server.ready]),
        )
        settled = step(
            f"{name}-settled",
            login=args.server.login,
            run="settle.sh",
            undo="farewell.sh",
            data={"ADDRESS": "", "CHECK_PATH": "", "SETTLE_S": 0, "TTL_S": args.ttl_s},
            opts=ResourceOptions(parent=self, depends_on=[assignment, interface]),
        )
        # Names lead here after that, and elsewhere before it is undone.
        self.address = Output.all(address, settled.id).apply(lambda parts: str(parts[0]))
        self.register_outputs({"address": self.address})
