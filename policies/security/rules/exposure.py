"""
Which containers the outside reaches: published ports and the host's own network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.framework import UNKNOWN, Fixtures, Level, Option, Options, Resource, Rule, each, get, text
from policies.framework.kinds import CONTAINER, SERVICE

from .container import BOTH, IMAGE, container, path, task
from .references import cis_docker

WEB = (80, 443)
INGRESS = ("caddy",)
LOOPBACK = ("127.0.0.1", "::1")


def published(*ports: Any, name: Any = "shop-web") -> Resource:
    """
    An example of a service with ports.
    """
    spec = {"containerSpec": {"image": IMAGE}}
    return Resource(
        type=SERVICE, name="service", props={"name": name, "taskSpec": spec, "endpointSpec": {"ports": list(ports)}}
    )


def port(number: Any) -> dict[str, Any]:
    """
    An example of a port that a service publishes.
    """
    return {"targetPort": 8000, "publishedPort": number, "publishMode": "host"}


def _beside_ingress(resource: Resource, options: Options) -> Iterator[str]:
    name = get(resource.props, "name")
    if name is UNKNOWN:
        return
    is_ingress = name in options["services"]
    for entry in each(resource.props, path(resource, "ports")):
        number = get(entry, "publishedPort" if resource.type == SERVICE else "external")
        is_local = get(entry, "ip") in (*LOOPBACK, UNKNOWN)
        if isinstance(number, int) and not is_local and not (is_ingress and number in options["ports"]):
            yield f"it publishes port {number} on every server that it runs on, past the ingress"


PUBLISHED = Rule(
    id="port-published-past-ingress",
    description="Only the ingress publishes ports, and only those of the web.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Take the port out: the ingress reaches the container through the swarm's network. Give it `domains` instead.",
    references=(
        cis_docker("5.9", "Ensure that only needed ports are open on the container"),
        cis_docker("5.14", "Ensure that incoming container traffic is bound to a specific host interface"),
    ),
    options={
        "services": Option(INGRESS, "Names of the services that may publish."),
        "ports": Option(WEB, "Ports that these may publish."),
    },
    check=_beside_ingress,
    fixtures=Fixtures(
        passes=[
            published(port(80), port(443), name="caddy"),
            container(ports=[{"internal": 80, "external": 8080, "ip": "127.0.0.1"}]),
        ],
        fails=[published(port(8000)), published(port(8404), name="caddy"), container(ports=[{"internal": 80, "external": 80}])],
        unknown=[published(port(UNKNOWN)), published(UNKNOWN), published(port(443), name=UNKNOWN)],
        absent=[published(), published({"targetPort": 8000}), container()],
        absent_fails=False,
    ),
)


def _host_network(resource: Resource, options: Options) -> Iterator[str]:
    networks = [text(entry, "name") for entry in each(resource.props, path(resource, "networks"))]
    if text(resource.props, "networkMode") == "host" or "host" in networks:
        yield "it has its host's network, with the private one and everything that listens on loopback"


HOST_NETWORK = Rule(
    id="container-host-network",
    description="Containers have a network of their own.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Join the swarm's network instead.",
    references=(cis_docker("5.10", "Ensure that the host's network namespace is not shared"),),
    check=_host_network,
    fixtures=Fixtures(
        passes=[task(networksAdvanceds=[{"id": "abc", "aliases": ["shop"]}]), container(networkMode="bridge")],
        fails=[container(networkMode="host"), task(networksAdvanceds=[UNKNOWN, {"name": "host"}])],
        unknown=[container(networkMode=UNKNOWN), task(networksAdvanceds=UNKNOWN)],
        absent=[task(), container()],
        absent_fails=False,
    ),
)


def _all_ports(resource: Resource, options: Options) -> Iterator[str]:
    if get(resource.props, "publishAllPorts") is True:
        yield "it publishes every port that its image names"


ALL_PORTS = Rule(
    id="container-publishes-all-ports",
    description="Nobody publishes what an image happens to name.",
    level=Level.MANDATORY,
    types=(CONTAINER,),
    remediation="Take `publish_all_ports` out.",
    references=(cis_docker("5.9", "Ensure that only needed ports are open on the container"),),
    check=_all_ports,
    fixtures=Fixtures(
        passes=[container(publishAllPorts=False)],
        fails=[container(publishAllPorts=True)],
        unknown=[container(publishAllPorts=UNKNOWN)],
        absent=[container()],
        absent_fails=False,
    ),
)

RULES = (PUBLISHED, HOST_NETWORK, ALL_PORTS)
