"""
Where requests get in: the address that all names lead to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pulumi import Output

from components.cluster import Cluster
from components.floating_ip import FloatingIp, FloatingIpArgs
from components.load_balancer import LoadBalancer, LoadBalancerArgs, Target
from components.machines import Machines
from components.naming import labels
from components.server import Server
from settings import Role, Settings
from settings.environment import Entry as EntryKind
from settings.stacks import is_sandbox


@dataclass(frozen=True, kw_only=True)
class Entry:
    """
    `kind` is never `auto`. Without `ipv6` there is no such address. `addresses` are the same, {kind of record: address}, and
    known earlier: names lead there only when something answers.
    """

    kind: EntryKind
    ipv4: Output[str]
    ipv6: Output[str] | None
    addresses: Output[Mapping[str, str]]


def build_entry(settings: Settings, machines: Machines, cluster: Cluster) -> Entry:
    """
    The address, with what it takes to have it.
    """
    servers, kind, with_ipv6 = machines.with_role(Role.INGRESS), settings.environment.entry, settings.environment.network.ipv6
    if kind is EntryKind.LOAD_BALANCER:
        balancer = _load_balancer(settings, machines, servers, cluster)
        assigned = _addresses(balancer.assigned_ipv4, balancer.assigned_ipv6 if with_ipv6 else None)
        return Entry(kind=kind, ipv4=balancer.ipv4, ipv6=balancer.ipv6 if with_ipv6 else None, addresses=assigned)
    if kind is EntryKind.FLOATING_IP:
        ipv4 = _floating_ip(settings, servers[0], "ipv4").address
        ipv6 = _floating_ip(settings, servers[0], "ipv6").address if with_ipv6 else None
    else:
        ipv4, ipv6 = servers[0].ipv4, servers[0].ipv6.apply(str) if with_ipv6 else None
    return Entry(kind=kind, ipv4=ipv4, ipv6=ipv6, addresses=_addresses(ipv4, ipv6))


def _addresses(ipv4: Output[str], ipv6: Output[str] | None) -> Output[Mapping[str, str]]:
    return Output.all(**{"A": ipv4, **({"AAAA": ipv6} if ipv6 is not None else {})})


def _load_balancer(settings: Settings, machines: Machines, servers: list[Server], cluster: Cluster) -> LoadBalancer:
    args = LoadBalancerArgs(
        targets=[Target(server=server, ready=cluster.nodes[server.hostname]) for server in servers],
        subnet_id=machines.subnet_id(servers[0].location),
        location=servers[0].location,
        ttl_s=settings.environment.dns.ttl_s,
        labels=labels(settings),
    )
    return LoadBalancer(f"{settings.environment.name}-entry", args)


def _floating_ip(settings: Settings, server: Server, kind: Literal["ipv4", "ipv6"]) -> FloatingIp:
    args = FloatingIpArgs(
        kind=kind,
        server=server,
        location=server.location,
        ttl_s=settings.environment.dns.ttl_s,
        labels=labels(settings),
        protect=not is_sandbox(settings.stack),
    )
    return FloatingIp(f"{settings.environment.name}-entry-{kind}", args)
