"""
Networks: private ones at Hetzner and containers'.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
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
    lacks,
    text,
)
from policies.framework.kinds import DOCKER_NETWORK, FIREWALL_ATTACHMENT, HCLOUD_NETWORK, ROUTE, SERVER

from .references import anssi_hygiene, rfc

# Source: RFC 1918, and RFC 6598 for carriers' own.
PRIVATE = tuple(IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"))


def network(ip_range: Any) -> Resource:
    """
    An example of a private network.
    """
    return Resource(type=HCLOUD_NETWORK, props={"name": "production", "ipRange": ip_range})


def _range(resource: Resource) -> IPv4Network | None:
    try:
        found = ip_network(text(resource.props, "ipRange"))
    except ValueError:
        return None
    return found if isinstance(found, IPv4Network) else None


def _not_private(resource: Resource, options: Options) -> Iterator[str]:
    found = _range(resource)
    if found and not any(found.subnet_of(private) for private in PRIVATE):
        yield f"{found} holds addresses that belong to others on the Internet"


PUBLIC_RANGE = Rule(
    id="network-range-not-private",
    description="A private network uses private addresses.",
    level=Level.MANDATORY,
    types=(HCLOUD_NETWORK,),
    remediation="Choose `network.cidr` within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 in Pulumi.<stack>.yaml.",
    references=(rfc(1918, "address allocation for private internets"),),
    check=_not_private,
    fixtures=Fixtures(
        passes=[network("10.20.0.0/16"), network("192.168.7.0/24")],
        fails=[network("11.0.0.0/16"), network("0.0.0.0/0")],
        unknown=[network(UNKNOWN)],
        absent=[Resource(type=HCLOUD_NETWORK, props={})],
        absent_fails=False,
    ),
)


def _too_wide(resource: Resource, options: Options) -> Iterator[str]:
    found = _range(resource)
    if found and found.prefixlen < int(options["prefix"]):
        yield f"{found} has room for {found.num_addresses} addresses"


WIDE_RANGE = Rule(
    id="network-range-too-wide",
    description="An environment's network is no wider than it needs, so that environments and offices can be told apart.",
    level=Level.MANDATORY,
    types=(HCLOUD_NETWORK,),
    remediation="Narrow `network.cidr` in Pulumi.<stack>.yaml, for example to a /16 of its own.",
    references=(anssi_hygiene(19, "segment the network and separate the zones"),),
    options={"prefix": Option(16, "The shortest prefix, in bits.")},
    check=_too_wide,
    fixtures=Fixtures(
        passes=[network("10.20.0.0/16"), network("10.20.4.0/22")],
        fails=[network("10.0.0.0/8"), network("172.16.0.0/12")],
        unknown=[network(UNKNOWN)],
        absent=[Resource(type=HCLOUD_NETWORK, props={})],
        absent_fails=False,
    ),
)


def route(destination: Any) -> Resource:
    """
    An example of a route.
    """
    return Resource(type=ROUTE, props={"networkId": 1, "destination": destination, "gateway": "10.20.1.2"})


def _route_to_world(resource: Resource, options: Options) -> Iterator[str]:
    if text(resource.props, "destination") in ("0.0.0.0/0", "::/0"):
        gateway = text(resource.props, "gateway") or "one server"
        yield f"everything that the network sends to the Internet goes through {gateway}"


DEFAULT_ROUTE = Rule(
    id="network-routed-through-one-server",
    description="No server sees all that the others send to the Internet.",
    level=Level.MANDATORY,
    types=(ROUTE,),
    remediation="Name the networks that the gateway leads to in `network.routes` in Pulumi.<stack>.yaml.",
    references=(anssi_hygiene(19, "segment the network and separate the zones"),),
    check=_route_to_world,
    fixtures=Fixtures(
        passes=[route("192.168.50.0/24")],
        fails=[route("0.0.0.0/0"), route("::/0")],
        unknown=[route(UNKNOWN)],
        absent=[Resource(type=ROUTE, props={"gateway": "10.20.1.2"})],
        absent_fails=False,
    ),
)


def overlay(**props: Any) -> Resource:
    """
    An example of containers' own network.
    """
    return Resource(type=DOCKER_NETWORK, props={"name": "flotilla", "driver": "overlay", **props})


def _attachable(resource: Resource, options: Options) -> Iterator[str]:
    if text(resource.props, "driver") == "overlay" and get(resource.props, "attachable") is True:
        yield "any container on any node can join the network"


ATTACHABLE = Rule(
    id="overlay-attachable",
    description="Only the swarm's services join the swarm's networks.",
    level=Level.MANDATORY,
    types=(DOCKER_NETWORK,),
    remediation="Leave `attachable` out, or set it to false.",
    check=_attachable,
    fixtures=Fixtures(
        passes=[overlay(attachable=False)],
        fails=[overlay(attachable=True)],
        unknown=[overlay(attachable=UNKNOWN)],
        absent=[overlay()],
        absent_fails=False,
    ),
)


def server(**props: Any) -> Resource:
    """
    An example of a server.
    """
    return Resource(type=SERVER, name="app-1", props={"name": "app-1", **props})


def attachment(*servers: Resource, **props: Any) -> Resource:
    """
    An example of a firewall put before servers.
    """
    urns = tuple(found.urn for found in servers)
    return Resource(type=FIREWALL_ATTACHMENT, props={"firewallId": 1, "serverIds": [UNKNOWN], **props}, dependencies=urns)


def _without_firewall(stack: Stack, options: Options) -> Iterator[Finding]:
    attachments = stack.of(FIREWALL_ATTACHMENT)
    if any(not lacks(found.props, "labelSelectors") for found in attachments):
        return  # servers that are chosen by label are Hetzner's to say
    # Ids are known after the update only, but whom they come from is known before.
    behind = {urn for found in attachments for urn in found.dependencies}
    for found in stack.of(SERVER):
        if lacks(found.props, "firewallIds") and found.urn not in behind:
            yield Finding(resource=found, message="nothing stands between it and the Internet")


NO_FIREWALL = StackRule(
    id="server-without-firewall",
    description="Every server is behind one of Hetzner's firewalls.",
    level=Level.MANDATORY,
    types=(SERVER, FIREWALL_ATTACHMENT),
    remediation="Give the server the `firewall_ids` of its pool's firewall.",
    references=(anssi_hygiene(23, "separate the services visible from the Internet from the rest"),),
    check=_without_firewall,
    fixtures=Fixtures(
        passes=[[server(firewallIds=[7])], [server(), attachment(server())]],
        fails=[[server(firewallIds=[])], [server(), attachment()]],
        unknown=[
            [server(firewallIds=UNKNOWN)],
            [server(firewallIds=[UNKNOWN])],
            [server(), attachment(labelSelectors=UNKNOWN)],
        ],
        absent=[[server()]],
        absent_fails=True,
    ),
)

RULES = (PUBLIC_RANGE, WIDE_RANGE, DEFAULT_ROUTE, ATTACHABLE, NO_FIREWALL)
