"""
Names that lead to the ingress.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Input, Output, ResourceOptions

from components.cloudflare_sdk import DnsRecord, zone_id

# A name that moves to another server is followed within this time.
TTL_S = 300


@dataclass(frozen=True, kw_only=True)
class DnsArgs:
    """
    `hostnames` are whole names in `zone`, which has to exist at Cloudflare.
    """

    zone: str
    hostnames: Sequence[str]
    ipv4: Input[str]


class Dns(pulumi.ComponentResource):
    """
    An A record for each name. Not proxied: Caddy's certificates are what visitors see.
    """

    zone_id: Output[str]

    def __init__(self, name: str, args: DnsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:network:Dns", name, None, opts)
        self.zone_id = zone_id(args.zone, parent=self)
        for hostname in args.hostnames:
            DnsRecord(
                f"{name}-{hostname}",
                zone_id=self.zone_id,
                name=hostname,
                kind="A",
                content=args.ipv4,
                ttl_s=TTL_S,
                proxied=False,
                opts=ResourceOptions(parent=self),
            )
        self.register_outputs({"zone_id": self.zone_id})
