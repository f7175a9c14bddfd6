"""
Names that lead to the ingress.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Input, ResourceOptions

from components.cloudflare_sdk import DnsRecord

# A name that moves to another server is followed within this time.
TTL_S = 300


@dataclass(frozen=True, kw_only=True)
class DnsArgs:
    """
    `hostnames` are whole names in the zone with this id at Cloudflare.
    """

    zone_id: Input[str]
    hostnames: Sequence[str]
    ipv4: Input[str]


class Dns(pulumi.ComponentResource):
    """
    An A record for each name. Not proxied: Caddy's certificates are what visitors see.
    """

    def __init__(self, name: str, args: DnsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:network:Dns", name, None, opts)
        for hostname in args.hostnames:
            DnsRecord(
                f"{name}-{hostname}",
                zone_id=args.zone_id,
                name=hostname,
                kind="A",
                content=args.ipv4,
                ttl_s=TTL_S,
                proxied=False,
                opts=ResourceOptions(parent=self),
            )
        self.register_outputs({})
