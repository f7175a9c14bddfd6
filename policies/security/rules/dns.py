"""
Names: where they lead, who may get certificates for them, how long they are remembered.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from policies.framework import (
    UNKNOWN,
    Finding,
    Fixtures,
    Level,
    Option,
    Options,
    Resource,
    Rule,
    Stack,
    StackRule,
    get,
    is_sandbox,
    number,
    text,
)
from policies.framework.kinds import DNS_RECORD, FLOATING_IP, LOAD_BALANCER, PRIMARY_IP, SERVER

from .references import rfc

ADDRESSES = ("A", "AAAA")
# Where the API tells a resource's public addresses.
ADDRESSED = {
    SERVER: ("ipv4Address", "ipv6Address"),
    FLOATING_IP: ("ipAddress",),
    PRIMARY_IP: ("ipAddress",),
    LOAD_BALANCER: ("ipv4", "ipv6"),
}
# Cloudflare's word for "you decide", which is 300 s. Source: developers.cloudflare.com, "Time to Live (TTL)", read 2026-11-21.
AUTOMATIC = 1
# RFC 5737 and RFC 3849.
DOCUMENTATION = tuple(map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))
Address = IPv4Address | IPv6Address


def record(content: Any = "203.0.113.7", **props: Any) -> Resource:
    """
    An example of a record.
    """
    known = {"zoneId": "zone", "name": "shop.example.com", "type": "A", "ttl": 300, "proxied": False}
    name = str(props.get("name", "shop.example.com"))
    return Resource(type=DNS_RECORD, name=name, props={**known, "content": content, **props})


def address(content: str) -> Address | None:
    """
    The address that a text is, if it is one.
    """
    try:
        return ip_address(content)
    except ValueError:
        return None


def _private(resource: Resource, options: Options) -> Iterator[str]:
    content = text(resource.props, "content")
    found = address(content) if text(resource.props, "type") in ADDRESSES else None
    if found and not is_sandbox(resource.stack) and _is_private(found):
        yield f"it tells everyone of {content}, which nobody outside can reach"


def _is_private(found: Address) -> bool:
    """
    Ranges for documentation count as private to Python; here they are placeholders for public ones.
    """
    return found.is_private and not any(found in network for network in DOCUMENTATION if network.version == found.version)


PRIVATE = Rule(
    id="dns-private-address",
    description="Public names lead to public addresses.",
    level=Level.MANDATORY,
    types=(DNS_RECORD,),
    remediation="Point the name at the ingress, or keep it out of the public zone.",
    references=(rfc(1918, "address allocation for private internets"),),
    check=_private,
    fixtures=Fixtures(
        passes=[record("203.0.113.7"), record("2001:db8:42::7", type="AAAA"), record("10.0.0.1", type="TXT")],
        fails=[record("10.20.1.2"), record("127.0.0.1"), record("fd00::1", type="AAAA")],
        unknown=[record(UNKNOWN), record("10.20.1.2", type=UNKNOWN)],
        absent=[Resource(type=DNS_RECORD, props={"name": "shop.example.com", "type": "A"})],
        absent_fails=False,
    ),
)


def _wildcard(resource: Resource, options: Options) -> Iterator[str]:
    name = text(resource.props, "name")
    if name.startswith("*") and name not in options["names"]:
        yield f"every name that is not there leads to where {name} does"


WILDCARD = Rule(
    id="dns-wildcard",
    description="Names are made one by one.",
    level=Level.MANDATORY,
    types=(DNS_RECORD,),
    remediation="List the names in `domains` of projects/<name>.yaml.",
    references=(rfc(4592, "the role of wildcards in the Domain Name System"),),
    options={"names": Option((), "Wildcards that are meant to be there.")},
    check=_wildcard,
    fixtures=Fixtures(
        passes=[record(), record(name="_acme-challenge.example.com", type="TXT")],
        fails=[record(name="*.example.com"), record(UNKNOWN, name="*.shop.example.com")],
        unknown=[record(name=UNKNOWN)],
        absent=[Resource(type=DNS_RECORD, props={"type": "A"})],
        absent_fails=False,
    ),
)


def _ttl(resource: Resource, options: Options) -> Iterator[str]:
    ttl = number(resource.props, "ttl")
    if ttl is None or ttl == AUTOMATIC:
        return
    if ttl < options["least"]:
        yield f"it is forgotten after {ttl:g} s, so that every visit waits for the zone's servers"
    elif ttl > options["most"]:
        yield f"it is remembered for {ttl:g} s, for so long visitors go to a server that is gone"


TTL = Rule(
    id="dns-ttl-out-of-bounds",
    description="A name that moves is followed soon, and one that does not is not asked for all the time.",
    level=Level.MANDATORY,
    types=(DNS_RECORD,),
    remediation="Set `dns.ttl_s` in Pulumi.<stack>.yaml, or `ttl_s` of the record, within the bounds.",
    references=(rfc(1912, "common DNS operational and configuration errors"),),
    options={"least": Option(60, "The shortest TTL, in seconds."), "most": Option(86400, "The longest TTL, in seconds.")},
    check=_ttl,
    fixtures=Fixtures(
        passes=[record(ttl=300), record(ttl=AUTOMATIC, proxied=True)],
        fails=[record(ttl=30), record(ttl=604800)],
        unknown=[record(ttl=UNKNOWN)],
        absent=[Resource(type=DNS_RECORD, props={"name": "shop.example.com", "type": "A"})],
        absent_fails=False,
    ),
)


def _bypassed(stack: Stack, options: Options) -> Iterator[Finding]:
    records = [found for found in stack.of(DNS_RECORD) if text(found.props, "type") in ADDRESSES]
    shown = {
        text(found.props, "content"): text(found.props, "name")
        for found in records
        if get(found.props, "proxied") in (False, None) and text(found.props, "content")
    }
    for found in records:
        name = shown.get(text(found.props, "content"))
        if get(found.props, "proxied") is True and name:
            yield Finding(resource=found, message=f"the address that its proxy hides is told by {name}")


BYPASSED = StackRule(
    id="dns-proxy-bypassed",
    description="An address that Cloudflare's proxy hides is not told elsewhere.",
    level=Level.ADVISORY,
    types=(DNS_RECORD,),
    remediation="Proxy both names or neither (`proxied` in `dns` of Pulumi.<stack>.yaml).",
    check=_bypassed,
    fixtures=Fixtures(
        passes=[
            [record(proxied=True), record(proxied=True, name="www.example.com")],
            [record(), record(name="www.example.com")],
        ],
        fails=[[record(proxied=True), record(name="ssh.example.com")]],
        unknown=[[record(UNKNOWN, proxied=True), record(UNKNOWN)], [record(proxied=UNKNOWN), record()]],
        absent=[[Resource(type=DNS_RECORD, props={"type": "A"})]],
        absent_fails=False,
    ),
)


def _known_addresses(stack: Stack) -> set[Address] | None:
    """
    The stack's own addresses; None while one of them is not known.
    """
    known: set[Address] = set()
    for kind, properties in ADDRESSED.items():
        for resource in stack.of(kind):
            for name in properties:
                value = get(resource.outputs, name)
                if value is UNKNOWN or (value is None and name == properties[0]):
                    return None
                if found := address(str(value)):
                    known.add(found)
    return known


def _dangling(stack: Stack, options: Options) -> Iterator[Finding]:
    known = _known_addresses(stack)
    if not known:
        return
    others = {address(content) for content in options["addresses"]}
    for resource in stack.of(DNS_RECORD):
        content = text(resource.props, "content")
        found = address(content) if text(resource.props, "type") in ADDRESSES else None
        if found and found not in known | others and not _is_of_floating_network(stack, found):
            yield Finding(resource=resource, message=f"it leads to {content}, which is nothing of this stack's")


def _is_of_floating_network(stack: Stack, found: Address) -> bool:
    """
    Whether it is in the /64 that a floating IPv6 or a server has, of which the API tells the network.
    """
    networks = [known for known in _known_addresses(stack) or () if known.version == 6]
    return found.version == 6 and any(int(found) >> 64 == int(known) >> 64 for known in networks)


def server(address_: Any) -> Resource:
    """
    An example of a server.
    """
    return Resource(type=SERVER, name="app-1", outputs={"ipv4Address": address_})


DANGLING = StackRule(
    id="dns-dangling",
    description="Names lead to addresses that are this environment's: one that was given back may be anybody's.",
    level=Level.ADVISORY,
    types=(DNS_RECORD, *ADDRESSED),
    remediation="Correct `dns.records` in Pulumi.<stack>.yaml, or name the address in this rule's option `addresses`.",
    options={"addresses": Option((), "Addresses outside the stack that names may lead to.")},
    check=_dangling,
    fixtures=Fixtures(
        passes=[
            [record("203.0.113.7"), server("203.0.113.7")],
            [record("shop.example.net", type="CNAME"), server("203.0.113.7")],
        ],
        fails=[[record("198.51.100.9"), server("203.0.113.7")]],
        unknown=[[record("198.51.100.9"), server(UNKNOWN)], [record(UNKNOWN), server("203.0.113.7")]],
        absent=[[record("198.51.100.9")], [record("198.51.100.9"), Resource(type=SERVER)]],
        absent_fails=False,
    ),
)


RULES = (PRIVATE, WILDCARD, TTL, BYPASSED, DANGLING)
