"""
Networks between machines: one bridge as everybody's uplink, one bridge per private network.

The bridges' own subnets are such as no private network can have, each another one, so that neither two instances with the same
private range nor a range and a bridge ever collide. The addresses that the cloud promised are put on the machines' interfaces
beside Docker's; a bridge carries them as any switch would.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from docker.errors import APIError, NotFound
from docker.types import IPAMConfig, IPAMPool

from sandbox.cloud.machines.model import PrivateAddress
from sandbox.instance import Instance

# RFC 6598, shared address space: Hetzner's networks can only be of RFC 1918's ranges.
BRIDGES, BRIDGE_PREFIX = ipaddress.IPv4Network("100.64.0.0/10"), 22
CONFLICT, OVERLAPS = 409, 403  # Docker's answers: there is a network of this name, or one that has the subnet
# A network's route for everything is the private gateway's matter. What a machine itself does with such traffic is its own:
# with Hetzner, too, its way out stays the public interface until somebody inside changes that.
EVERYWHERE = "0.0.0.0/0"
ROUTE_PROTOCOL = "77"  # marks the routes that the cloud set, so that it removes no other
Run = Callable[[Sequence[str], str], str]
READ_STATE = ["sh", "-c", "ip -json address && ip -json route"]


@dataclass(frozen=True)
class Link:
    """
    An interface of a machine as Docker knows it: hardware address, Docker's own address and gateway on that bridge.
    """

    mac: str
    docker_ip: str
    gateway: str


def network_name(instance: Instance, network_id: int | str) -> str:
    """
    The Docker network of a private network.

    Sorted behind the uplink's: Docker leads a container's way out through the first of its networks by name, and when joining
    another one moves it, forgets the connections that are open (libnetwork's bridge driver, `clearEndpointConnections`).
    """
    return instance.name("vnet", network_id)


def ensure(client: Any, name: str, labels: Mapping[str, str]) -> Any:
    """
    The Docker network of this name, made if it is missing.
    """
    try:
        return client.networks.get(name)
    except NotFound:
        pass
    for subnet in _subnets(name):
        pool = IPAMConfig(pool_configs=[IPAMPool(subnet=subnet)])
        try:
            return client.networks.create(name, driver="bridge", labels=dict(labels), check_duplicate=True, ipam=pool)
        except APIError as error:
            if error.status_code == CONFLICT:
                return client.networks.get(name)  # somebody else was faster
            if error.status_code != OVERLAPS:
                raise
    raise NotFound(f"{name}: every subnet of {BRIDGES} belongs to another Docker network")


def _subnets(name: str) -> Iterator[str]:
    """
    Every subnet that a bridge may have, from one on that the name decides: two bridges rarely want the same one.
    """
    count = 2 ** (BRIDGE_PREFIX - BRIDGES.prefixlen)
    first = int(hashlib.sha256(name.encode()).hexdigest(), 16) % count
    for number in range(first, first + count):
        yield f"{BRIDGES[number % count * 2 ** (32 - BRIDGE_PREFIX)]}/{BRIDGE_PREFIX}"


def bridge_name(network: Any) -> str:
    """
    The host's interface of a Docker bridge network.
    """
    options = network.attrs.get("Options") or {}
    return options.get("com.docker.network.bridge.name") or f"br-{network.id[:12]}"


def delete(client: Any, name: str) -> None:
    """
    Remove a Docker network, whoever is still connected; no error when it is gone already.
    """
    try:
        network = client.networks.get(name)
    except NotFound:
        return
    for container in network.attrs.get("Containers") or {}:
        network.disconnect(container, force=True)
    network.remove()


def links(container: Any) -> dict[str, Link]:
    """
    The interfaces of a running container by the name of their Docker network.
    """
    networks = container.attrs["NetworkSettings"]["Networks"]
    return {
        name: Link(row["MacAddress"], row["IPAddress"], row["Gateway"]) for name, row in networks.items() if row["MacAddress"]
    }


def put_addresses(run: Run, uplink: Link, private: Mapping[PrivateAddress, Link]) -> None:
    """
    Give a running machine its private addresses and routes, and take away those that it should no longer have. `run` runs a
    command in the machine's network, with an input, and returns what it printed.
    """
    state = run(READ_STATE, "")
    addresses, end = json.JSONDecoder().raw_decode(state)
    routes = json.loads(state[end:])
    commands = address_commands(addresses, routes, uplink, private)
    if commands:
        run(["ip", "-force", "-batch", "-"], "".join(f"{command}\n" for command in commands))


def address_commands(
    addresses: Iterable[Mapping[str, Any]],
    routes: Iterable[Mapping[str, Any]],
    uplink: Link,
    private: Mapping[PrivateAddress, Link],
) -> list[str]:
    """
    What `ip -batch` has to do, from what `ip -json address` and `ip -json route` said. Nothing, when all is as it should be.
    """
    by_mac = {row.get("address"): row for row in addresses}
    routes = list(routes)
    commands = _default_route(routes, by_mac[uplink.mac]["ifname"], uplink.gateway)
    wanted_routes: set[tuple[str, str]] = set()
    for address, link in private.items():
        interface = by_mac[link.mac]
        commands += _interface(interface, address, link)
        for destination, gateway in address.routes:
            if gateway != address.ip and destination != EVERYWHERE:
                wanted_routes.add((destination, gateway))
                commands.append(
                    f"route replace {destination} via {gateway} dev {interface['ifname']} proto {ROUTE_PROTOCOL} onlink"
                )
    for row in routes:
        if str(row.get("protocol")) == ROUTE_PROTOCOL and (row["dst"], row.get("gateway")) not in wanted_routes:
            commands.append(f"route delete {row['dst']} proto {ROUTE_PROTOCOL}")
    return commands


def _interface(interface: Mapping[str, Any], address: PrivateAddress, link: Link) -> list[str]:
    """
    The addresses of one interface: Docker's stays, ours are as wanted, others go.
    """
    wanted = {f"{address.ip}/{address.prefix}", *(f"{alias}/32" for alias in address.aliases)}
    present = {
        f"{row['local']}/{row['prefixlen']}"
        for row in interface.get("addr_info", [])
        if row["family"] == "inet" and row["local"] != link.docker_ip
    }
    device = interface["ifname"]
    return [
        *(f"address delete {text} dev {device}" for text in sorted(present - wanted)),
        *(f"address add {text} dev {device}" for text in sorted(wanted - present, key=lambda text: text.endswith("/32"))),
    ]


def _default_route(routes: Iterable[Mapping[str, Any]], interface: str, gateway: str) -> list[str]:
    """
    Docker may choose a private bridge as the way out; the uplink is the right one.
    """
    defaults = [row for row in routes if row["dst"] == "default"]
    if [row["dev"] for row in defaults] == [interface]:
        return []
    return [f"route replace default via {gateway} dev {interface}"]
