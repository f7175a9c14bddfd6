"""
Who has which address in a private network.
"""

from __future__ import annotations

import ipaddress

from sandbox.cloud.hetzner import catalog, requests
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.errors import refused
from sandbox.cloud.store import Document

METADATA_GATEWAY = ipaddress.IPv4Address("172.31.1.1")  # reserved by Hetzner in every network


def place_server(cloud: Cloud, server: Document, body: requests.AttachToNetwork) -> Document:
    """
    The entry of a server in a network, with the address asked for or the lowest free one.

    Raises: HetznerError (not_found, server_already_attached, networks_overlap, no_subnet_available, ip_not_available).
    """
    network = cloud.require("network", body.network)
    if body.network in {entry["network"] for entry in server["private_net"]}:
        raise refused("server_already_attached", "server is already attached to this network", 409)
    mine = ipaddress.ip_network(network["ip_range"])
    for entry in server["private_net"]:
        other = cloud.require("network", entry["network"])
        if mine.overlaps(ipaddress.ip_network(other["ip_range"])):
            raise refused("networks_overlap", f"network overlaps with network {other['name']} of the server", 409)
    ip = free_address(cloud, network, server["location"], body.ip, body.ip_range)
    for alias in body.alias_ips:
        check_address(network, alias, addresses(cloud, body.network) | {ip})
    mac = "86:00:00:" + ":".join(f"{byte:02x}" for byte in ipaddress.IPv4Address(ip).packed[1:])
    return {"network": body.network, "ip": ip, "alias_ips": body.alias_ips, "mac_address": mac}


def free_address(cloud: Cloud, network: Document, location: str, ip: str | None, ip_range: str | None) -> str:
    """
    The address asked for, or the lowest free one in the range asked for, for something in this location.

    Raises: HetznerError (no_subnet_available, ip_not_available).
    """
    zone = catalog.location(location)["network_zone"]
    subnets = [
        subnet for subnet in network["subnets"] if subnet["network_zone"] == zone and ip_range in (None, subnet["ip_range"])
    ]
    taken = addresses(cloud, network["id"])
    if ip is not None and subnets:
        check_address(network, ip, taken)
        return ip
    for subnet in subnets:
        for candidate in map(str, ipaddress.IPv4Network(subnet["ip_range"]).hosts()):
            if candidate not in taken and _is_usable(candidate, subnet, network):
                return candidate
    fact = f"no subnet with a free IP is available in network {network['name']} for network zone {zone}"
    raise refused("no_subnet_available", fact, 409)


def check_address(network: Document, address: str, taken: set[str]) -> None:
    """
    Raises: HetznerError (ip_not_available) for an address that is taken, reserved, or in no subnet.
    """
    within = any(_is_usable(address, subnet, network) for subnet in network["subnets"])
    if address in taken or not within:
        raise refused("ip_not_available", f"IP {address} is not available in network {network['name']}", 409)


def addresses(cloud: Cloud, network_id: int) -> set[str]:
    """
    Every address of the network that a server or a load balancer has.
    """
    return {ip for _, _, entry in _entries(cloud, network_id) for ip in (entry["ip"], *entry.get("alias_ips", []))}


def is_used(cloud: Cloud, network_id: int, ip_range: str) -> bool:
    """
    Whether anybody has an address of this range.
    """
    range_ = ipaddress.ip_network(ip_range)
    return any(ipaddress.ip_address(ip) in range_ for ip in addresses(cloud, network_id))


def members(cloud: Cloud, network: Document) -> list[Document]:
    """
    The network's member list.
    """
    return [_member(network, kind, id, entry) for kind, id, entry in _entries(cloud, network["id"])]


def _entries(cloud: Cloud, network_id: int) -> list[tuple[str, int, Document]]:
    rows = [("server", row) for row in cloud.servers_of("network", network_id)]
    rows += [("load_balancer", row) for row in cloud.balancers_in(network_id)]
    return [(kind, row["id"], entry) for kind, row in rows for entry in row["private_net"] if entry["network"] == network_id]


def _member(network: Document, kind: str, id: int, entry: Document) -> Document:
    ranges = [subnet["ip_range"] for subnet in network["subnets"] if _is_usable(entry["ip"], subnet, network)]
    return {
        "id": id,
        "type": kind,
        "ip": entry["ip"],
        "alias_ips": entry.get("alias_ips", []),
        "subnet": ranges[0] if ranges else None,
        "status": "ok",
    }


def _is_usable(address: str, subnet: Document, network: Document) -> bool:
    """
    True for an address that somebody may have: not the range's ends, not the network's gateway.
    """
    range_, ip = ipaddress.IPv4Network(subnet["ip_range"]), ipaddress.IPv4Address(address)
    return ip in range_ and ip not in {range_[0], range_[-1], ipaddress.IPv4Network(network["ip_range"])[1], METADATA_GATEWAY}
