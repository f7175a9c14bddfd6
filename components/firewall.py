"""
What may reach a server from outside: least privilege, by role.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_hcloud as hcloud
from pulumi import Output, ResourceOptions

from settings import Role

WORLD = ("0.0.0.0/0", "::/0")
# HTTP/3 is UDP.
WEB = (("tcp", "80", "HTTP, sent to HTTPS"), ("tcp", "443", "HTTPS"), ("udp", "443", "HTTP/3"))


@dataclass(frozen=True, kw_only=True)
class FirewallArgs:
    """
    `ssh_sources` are address ranges; `roles` those of the servers behind it.
    """

    roles: Sequence[Role]
    ssh_sources: Sequence[str]
    labels: Mapping[str, str]


def rules(roles: Sequence[Role], ssh_sources: Sequence[str]) -> list[hcloud.FirewallRuleArgs]:
    """
    SSH from the administrators' ranges only, ping, and the web where the ingress is. Hetzner drops everything else that comes
    in, and lets everything out.
    """
    allowed = [("tcp", "22", "SSH for administrators", ssh_sources), ("icmp", None, "ping", WORLD)]
    if Role.INGRESS in roles:
        allowed += [(*web, WORLD) for web in WEB]
    return [
        hcloud.FirewallRuleArgs(direction="in", protocol=protocol, port=port, description=description, source_ips=list(sources))
        for protocol, port, description, sources in allowed
    ]


class Firewall(pulumi.ComponentResource):
    """
    Hetzner's firewall in front of servers with the same roles. It does not see the private network.
    """

    firewall_id: Output[str]

    def __init__(self, name: str, args: FirewallArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:network:Firewall", name, None, opts)
        firewall = hcloud.Firewall(
            f"{name}-firewall",
            name=name,
            rules=rules(args.roles, args.ssh_sources),
            labels=args.labels,
            opts=ResourceOptions(parent=self),
        )
        self.firewall_id = firewall.id
        self.register_outputs({"firewall_id": self.firewall_id})
