"""
From the cloud's documents to what the machines are told. Pure.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping

from sandbox.cloud.hetzner import catalog, labels
from sandbox.cloud.machines.model import Guard, MachineSpec, PrivateAddress, Rule
from sandbox.cloud.store import Document

Networks = Mapping[int, Document]


def machine(server: Document, networks: Networks) -> MachineSpec:
    """
    A server's machine as it should be.
    """
    offer = next(entry for entry in catalog.SERVER_TYPES if entry["id"] == server["server_type"])
    return MachineSpec(
        server_id=server["id"],
        name=server["name"],
        cores=offer["cores"],
        memory_gb=offer["memory"],
        private=tuple(_private(entry, networks[entry["network"]]) for entry in server["private_net"]),
        volumes=tuple(server["volumes"]),
    )


def guards(
    servers: Iterable[Document],
    firewalls: Iterable[Document],
    primary_ips: Iterable[Document],
    floating_ips: Iterable[Document],
) -> list[Guard]:
    """
    Public addresses and firewall of every server.
    """
    firewalls = list(firewalls)
    addresses: dict[int, list[str]] = {}
    holders = [(row, row["assignee_id"]) for row in primary_ips] + [(row, row["server"]) for row in floating_ips]
    for row, server_id in holders:
        if row["type"] == "ipv4" and server_id is not None:
            addresses.setdefault(server_id, []).append(row["ip"])
    return [_guard(server, firewalls, tuple(addresses.get(server["id"], ()))) for server in servers]


def applied(firewall: Document, server: Document) -> bool:
    """
    True when a firewall guards a server, named itself or by its labels.
    """
    for resource in firewall["applied_to"]:
        if resource["type"] == "server" and resource["server"]["id"] == server["id"]:
            return True
        if resource["type"] == "label_selector" and labels.matches(resource["label_selector"]["selector"], server["labels"]):
            return True
    return False


def _private(entry: Document, network: Document) -> PrivateAddress:
    return PrivateAddress(
        network_id=network["id"],
        ip=entry["ip"],
        prefix=ipaddress.ip_network(network["ip_range"]).prefixlen,
        aliases=tuple(entry["alias_ips"]),
        routes=tuple((route["destination"], route["gateway"]) for route in network["routes"]),
    )


def _guard(server: Document, firewalls: Iterable[Document], public_ips: tuple[str, ...]) -> Guard:
    """
    Without a firewall everything passes; with one, inbound only what a rule allows. Outbound is open until there is a rule.
    """
    chosen = [firewall for firewall in firewalls if applied(firewall, server)]
    rules = [rule for firewall in chosen for rule in firewall["rules"]]
    outbound = tuple(_rule(rule, "destination_ips") for rule in rules if rule["direction"] == "out")
    return Guard(
        server_id=server["id"],
        public_ips=public_ips,
        inbound=tuple(_rule(rule, "source_ips") for rule in rules if rule["direction"] == "in") if chosen else None,
        outbound=outbound or None,
    )


def _rule(rule: Document, side: str) -> Rule:
    ports = rule["port"]
    return Rule(
        protocol=rule["protocol"],
        ports=None if ports in (None, "any", "1-65535") else ports,
        ranges=tuple(text for text in rule[side] if ipaddress.ip_network(text, strict=False).version == 4),
    )
