"""
What has to fit together in an environment's network. Source of the limits: docs.hetzner.cloud, "Networks", read 2026-11-20.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network

from settings.catalog import LOCATIONS
from settings.environment import Environment
from settings.problems import Finding

# RFC 1918.
PRIVATE_NETWORKS = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
# Docker's own bridge on every host, unless configured otherwise.
DOCKER_BRIDGE = IPv4Network("172.17.0.0/16")
# Hetzner's smallest network and subnet, as prefix lengths.
SMALLEST_NETWORK = 24
SMALLEST_SUBNET = 30
# Hetzner keeps the network address, the gateway and the broadcast address of a subnet.
RESERVED_ADDRESSES = 3
# The gateway of every Hetzner server's public interface.
PUBLIC_GATEWAY = ipaddress.IPv4Address("172.31.1.1")
# Docker Swarm cuts networks of 256 addresses out of it, one of them for itself.
OVERLAY_SMALLEST = 22

Subnets = Mapping[str, IPv4Network]


def check_network(environment: Environment) -> Iterator[Finding]:
    """
    What is wrong between the network's ranges, and between them and the servers.
    """
    network = environment.network
    cidr, overlay = IPv4Network(network.cidr), IPv4Network(network.overlay)
    subnets = {zone: IPv4Network(text) for zone, text in network.subnets.items()}
    for key, value, smallest in (("cidr", cidr, SMALLEST_NETWORK), ("overlay", overlay, OVERLAY_SMALLEST)):
        if not any(value.subnet_of(private) for private in PRIVATE_NETWORKS):
            yield _finding(f"{value} is not a private network", "Take one inside 10.0.0.0/8 or 192.168.0.0/16", key)
        if value.overlaps(DOCKER_BRIDGE):
            yield _finding(f"{value} overlaps Docker's own network {DOCKER_BRIDGE}", "Take another one", key)
        if value.prefixlen > smallest:
            yield _finding(f"{value} is smaller than /{smallest}", "Take a larger one, such as a /16", key)
    if overlay.overlaps(cidr):
        yield _finding(f"{overlay} overlaps the servers' network {cidr}", "Take another one", "overlay")
    yield from _check_subnets(cidr, subnets)
    yield from _check_servers(environment, subnets)
    yield from _check_routes(environment, cidr, subnets)


def _check_subnets(cidr: IPv4Network, subnets: Subnets) -> Iterator[Finding]:
    for zone, subnet in subnets.items():
        if not subnet.subnet_of(cidr):
            yield _finding(f"{subnet} is not inside the network {cidr}", "Correct the subnet or `cidr`", "subnets", zone)
        if subnet.prefixlen > SMALLEST_SUBNET:
            yield _finding(f"{subnet} is smaller than /{SMALLEST_SUBNET}", "Take a larger one", "subnets", zone)
    first, *others = subnets
    for zone in others:
        fact = f"`{zone}` is another network zone than `{first}`, and a Hetzner network is in one"
        yield _finding(fact, "Keep all servers in one network zone", "subnets", zone)


def _check_servers(environment: Environment, subnets: Subnets) -> Iterator[Finding]:
    counts: Counter[str] = Counter()
    for name, pool in environment.servers.items():
        location = pool.location or environment.location
        zone = LOCATIONS[location]
        counts[zone] += pool.count
        if zone not in subnets:
            yield Finding(
                location=("servers", name, *(("location",) if pool.location else ())),
                fact=f"{location} is in the network zone `{zone}`, which has no subnet",
                next_step=f"Add `{zone}` to `network.subnets`, or move the servers",
            )
    for zone, count in counts.items():
        if zone in subnets and count > subnets[zone].num_addresses - RESERVED_ADDRESSES:
            yield _finding(f"{subnets[zone]} is too small for {count} servers", "Take a larger one", "subnets", zone)


def _check_routes(environment: Environment, cidr: IPv4Network, subnets: Subnets) -> Iterator[Finding]:
    routes = environment.network.routes
    destinations = [IPv4Network(route.destination) for route in routes]
    for index, (route, destination) in enumerate(zip(routes, destinations, strict=True)):
        place = ("routes", index, "destination")
        for zone, subnet in subnets.items():
            if destination.overlaps(subnet):
                yield _finding(f"{destination} overlaps {subnet}, the subnet of `{zone}`", "Take another one", *place)
        for earlier in destinations[:index]:
            if destination.overlaps(earlier):
                yield _finding(f"{destination} overlaps {earlier}, which has a route already", "Keep one of them", *place)
        for taken in (cidr[1], PUBLIC_GATEWAY):
            if taken in destination:
                yield _finding(f"{destination} has {taken} in it, which is Hetzner's gateway", "Take another one", *place)
        gateway = ipaddress.IPv4Address(route.gateway)
        if not any(gateway in subnet for subnet in subnets.values()):
            yield _finding(
                f"{gateway} is in no subnet, so no server has it",
                "Write a server's private address",
                "routes",
                index,
                "gateway",
            )
        elif gateway == cidr[1]:
            yield _finding(
                f"{gateway} is Hetzner's own gateway", "Write a server's private address", "routes", index, "gateway"
            )


def _finding(fact: str, next_step: str, *place: str | int) -> Finding:
    return Finding(location=("network", *place), fact=fact, next_step=next_step)
