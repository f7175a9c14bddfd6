"""
What a server that runs containers has to know about Docker.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from components import access
from settings import Role, Settings
from settings.stacks import is_sandbox

# Servers with one of these run containers.
ROLES = frozenset({Role.APP, Role.INGRESS})
# As many files and connections as a busy program in a container has open; the kernel's own limit is far above.
OPEN_FILES = 65_536
# Bridges of a server have addresses from one of these (RFC 1918). From the end: what people use elsewhere begins at the front.
BRIDGES = tuple(ipaddress.IPv4Network(f"172.{number}.0.0/16") for number in range(31, 15, -1)) + tuple(
    ipaddress.IPv4Network(f"10.{number}.0.0/16") for number in range(255, 239, -1)
)


def bridge_network(taken: Iterable[str]) -> ipaddress.IPv4Network:
    """
    The addresses for bridges of a server: the first range that overlaps none of those that are taken.

    Raises: ValueError if there is none.
    """
    networks = [ipaddress.IPv4Network(text) for text in taken]
    for candidate in BRIDGES:
        if not any(candidate.overlaps(network) for network in networks):
            return candidate
    raise ValueError("network: the private network, the overlay networks and the routes leave no range for Docker's bridges")


def declare(settings: Settings, server: str, addresses: Mapping[str, str]) -> dict[str, Any]:
    """
    `bridge_network` is where Docker takes addresses for its bridges from, `bridge_address` that of the first of them.
    `open_files` is None in the sandbox: its machines may not raise a limit (CAP_SYS_RESOURCE). `registry_user` is None where
    nobody has to log in, `registry_authority` where the registry's certificate is from a public one; it is PEM.
    """
    environment = settings.environment
    network = environment.network
    taken = [network.cidr, network.overlay, *(route.destination for route in network.routes)]
    bridges = bridge_network(text for text in taken if text != "0.0.0.0/0")
    return {
        "address": addresses[server],
        "bridge_network": str(bridges),
        "bridge_address": str(bridges[1]),
        "has_ipv6": network.ipv6,
        "open_files": None if is_sandbox(settings.stack) else OPEN_FILES,
        "kept_releases": environment.kept_releases,
        "registry": environment.registry,
        "registry_user": environment.registry_user,
        "registry_authority": access.registry_certificate(environment, settings.root),
    }
