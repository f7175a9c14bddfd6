"""
Reverse names of public addresses that can be owned: primary and floating IPs.
"""

from __future__ import annotations

import ipaddress

from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.errors import invalid_input
from sandbox.cloud.hetzner.requests import DnsPtr
from sandbox.cloud.store import Document


def set_dns_ptr(cloud: Cloud, kind: str, id: int, body: DnsPtr) -> None:
    """
    Set, change or reset the reverse name of an address; of an IPv6 network, each address has one of its own.

    Raises: HetznerError (not_found, invalid_input).
    """
    with cloud.store.transaction():
        document = cloud.require(kind, id)
        if not has_address(document, body.ip):
            raise invalid_input("ip", f"{body.ip} is not this {kind.replace('_', ' ')}")
        others = [row for row in document["dns_ptr"] if row["ip"] != body.ip]
        name = body.dns_ptr or (cloud.default_dns_ptr(body.ip) if document["type"] == "ipv4" else None)
        cloud.change(kind, id, dns_ptr=[*others, *([{"ip": body.ip, "dns_ptr": name}] if name else [])])


def has_address(document: Document, text: str) -> bool:
    """
    Whether an address is this one, or of this network.
    """
    try:
        return ipaddress.ip_address(text) in ipaddress.ip_network(document["ip"])
    except ValueError:
        return False
