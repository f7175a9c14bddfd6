"""
Private networks: subnets and routes. Who gets which address is in `addressing`.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from fastapi import APIRouter, Response

from sandbox.cloud.hetzner import addressing, labels, load_balancers, requests
from sandbox.cloud.hetzner.actions import Step
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.errors import in_use, invalid_input, protected
from sandbox.cloud.hetzner.reading import add_actions, add_reading
from sandbox.cloud.hetzner.small import renamed
from sandbox.cloud.hetzner.views import Views
from sandbox.cloud.store import Document

PRIVATE_RANGES = [ipaddress.ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
ANYWHERE = ipaddress.IPv4Network("0.0.0.0/0")
SUBNET_PREFIX = 24  # what Hetzner takes when a subnet's range is not given


def routes(cloud: Cloud, views: Views) -> APIRouter:
    """
    Networks and their actions.
    """
    router = APIRouter()
    add_reading(router, "networks", "network", lambda: cloud.store.list("network"), views.network)
    add_actions(router, cloud, "networks", "network")

    @router.post("/networks", status_code=201)
    def create(body: requests.Network) -> Any:
        check_range(body.ip_range)
        with cloud.store.transaction():
            cloud.check_unique("network", "name", body.name)
            document: Document = {"ip_range": body.ip_range, "subnets": [], "routes": []}
            for subnet in body.subnets:
                document["subnets"].append(new_subnet(document, subnet))
            for route in body.routes:
                document["routes"].append(new_route(document, route))
            document = cloud.add(
                "network", name=body.name, **document, protection={"delete": False}, labels=labels.checked(body.labels),
                expose_routes_to_vswitch=body.expose_routes_to_vswitch,
            )  # fmt: skip
        cloud.jobs.submit([("network", document["id"])], lambda: cloud.machines.ensure_network(document["id"]))
        return {"network": views.network(document)}

    @router.put("/networks/{id:int}")
    def update(id: int, body: requests.NetworkUpdate) -> Any:
        exposed = body.expose_routes_to_vswitch
        fields = {} if exposed is None else {"expose_routes_to_vswitch": exposed}
        return {"network": views.network(renamed(cloud, "network", id, body, **fields))}

    @router.delete("/networks/{id:int}")
    def delete(id: int) -> Response:
        with cloud.store.transaction():
            if cloud.require("network", id)["protection"]["delete"]:
                raise protected("network")
            members = [row["id"] for row in cloud.servers_of("network", id)]
            for server_id in members:
                detach(cloud, server_id, id)
            balancers = [row["id"] for row in cloud.balancers_in(id)]
            for balancer_id in balancers:
                load_balancers.detach(cloud, balancer_id)
            cloud.store.delete("network", id)

        def work() -> None:
            cloud.balance()
            cloud.machines.delete_network(id)

        keys = [("network", id), *(("server", each) for each in members), *(("load_balancer", each) for each in balancers)]
        cloud.jobs.submit(keys, work).result()
        return Response(status_code=204)

    @router.get("/networks/{id:int}/members")
    def members(id: int) -> Any:
        network = cloud.require("network", id)
        found = addressing.members(cloud, network)
        pages = {"page": 1, "per_page": 50, "previous_page": None, "next_page": None, "last_page": 1}
        return {"members": found, "meta": {"pagination": {**pages, "total_entries": len(found)}}}

    _action_routes(router, cloud)
    return router


def _action_routes(router: APIRouter, cloud: Cloud) -> None:
    base = "/networks/{id:int}/actions"

    def changed(id: int, command: str, **fields: Any) -> Any:
        """
        Write the change, then tell the machines of the network.
        """
        with cloud.store.transaction():
            cloud.change("network", id, **fields)
            servers = [row["id"] for row in cloud.servers_of("network", id)]

        def work() -> None:
            for server_id in servers:
                server = cloud.store.get("server", server_id)
                if server is not None:
                    cloud.converge(server)

        keys = [("network", id), *(("server", server_id) for server_id in servers)]
        return {"action": cloud.actions.begin(Step(command=command, resources=keys, work=work))[0]}

    @router.post(f"{base}/add_subnet", status_code=201)
    def add_subnet(id: int, body: requests.Subnet) -> Any:
        with cloud.store.transaction():
            network = cloud.require("network", id)
            return changed(id, "add_subnet", subnets=[*network["subnets"], new_subnet(network, body)])

    @router.post(f"{base}/delete_subnet", status_code=201)
    def delete_subnet(id: int, body: requests.SubnetRange) -> Any:
        with cloud.store.transaction():
            network = cloud.require("network", id)
            left = [subnet for subnet in network["subnets"] if subnet["ip_range"] != body.ip_range]
            if left == network["subnets"]:
                raise invalid_input("ip_range", f"subnet {body.ip_range} is not in this network")
            if addressing.is_used(cloud, id, body.ip_range):
                raise in_use(f"subnet {body.ip_range} still has servers or load balancers")
            return changed(id, "delete_subnet", subnets=left)

    @router.post(f"{base}/add_route", status_code=201)
    def add_route(id: int, body: requests.Route) -> Any:
        with cloud.store.transaction():
            network = cloud.require("network", id)
            return changed(id, "add_route", routes=[*network["routes"], new_route(network, body)])

    @router.post(f"{base}/delete_route", status_code=201)
    def delete_route(id: int, body: requests.Route) -> Any:
        with cloud.store.transaction():
            network = cloud.require("network", id)
            left = [route for route in network["routes"] if route != body.model_dump()]
            if left == network["routes"]:
                raise invalid_input("destination", "route is not in this network")
            return changed(id, "delete_route", routes=left)

    @router.post(f"{base}/change_ip_range", status_code=201)
    def change_ip_range(id: int, body: requests.SubnetRange) -> Any:
        check_range(body.ip_range)
        with cloud.store.transaction():
            network = cloud.require("network", id)
            wider = ipaddress.ip_network(body.ip_range)
            inside = [network["ip_range"], *(subnet["ip_range"] for subnet in network["subnets"])]
            if not all(ipaddress.ip_network(text).subnet_of(wider) for text in inside):  # type: ignore[arg-type]
                raise invalid_input("ip_range", "the new range must contain the old one and all subnets")
            return changed(id, "change_ip_range", ip_range=body.ip_range)

    @router.post(f"{base}/change_protection", status_code=201)
    def change_protection(id: int, body: requests.Protection) -> Any:
        network = cloud.require("network", id)
        if body.delete is not None:
            cloud.change("network", id, protection={**network["protection"], "delete": body.delete})
        return {"action": cloud.actions.done("change_protection", [("network", id)])}


def check_range(text: str) -> None:
    """
    Raises: HetznerError (invalid_input) for a range that Hetzner does not allow as a network.
    """
    range_ = ipaddress.IPv4Network(text)
    private = any(range_.subnet_of(allowed) for allowed in PRIVATE_RANGES if isinstance(allowed, ipaddress.IPv4Network))
    if not private or range_.prefixlen > 24:
        raise invalid_input("ip_range", "must be a private IPv4 range (RFC 1918) of /24 or larger")


def new_subnet(network: Document, body: requests.Subnet) -> Document:
    """
    A subnet that fits into the network and beside its other subnets.

    Raises: HetznerError (invalid_input).
    """
    whole = ipaddress.IPv4Network(network["ip_range"])
    taken = [ipaddress.IPv4Network(subnet["ip_range"]) for subnet in network["subnets"]]
    if body.ip_range is None:
        candidates = whole.subnets(new_prefix=max(SUBNET_PREFIX, whole.prefixlen))
        chosen = next((range_ for range_ in candidates if not any(range_.overlaps(other) for other in taken)), None)
        if chosen is None:
            raise invalid_input("ip_range", "no free range for a subnet is left in this network")
    else:
        chosen = ipaddress.IPv4Network(body.ip_range)
    if not chosen.subnet_of(whole):
        raise invalid_input("ip_range", f"subnet {chosen} is not within {whole}")
    if any(chosen.overlaps(other) for other in taken):
        raise invalid_input("ip_range", f"subnet {chosen} overlaps with another subnet")
    if {subnet["network_zone"] for subnet in network["subnets"]} - {body.network_zone}:
        raise invalid_input("network_zone", "all subnets of a network must be in one network zone")
    return {
        "type": "cloud" if body.type == "server" else body.type,
        "ip_range": str(chosen),
        "network_zone": body.network_zone,
        "gateway": str(whole[1]),
        "vswitch_id": body.vswitch_id,
    }


def new_route(network: Document, body: requests.Route) -> Document:
    """
    Raises: HetznerError (invalid_input) for a gateway that cannot be one, or a destination that has a way already.
    """
    whole = ipaddress.IPv4Network(network["ip_range"])
    gateway, destination = ipaddress.IPv4Address(body.gateway), ipaddress.IPv4Network(body.destination)
    if gateway not in whole or gateway in (whole[1], addressing.METADATA_GATEWAY):
        raise invalid_input("gateway", f"gateway {gateway} is not within {whole}, or is one of Hetzner's own gateways")
    if destination == ANYWHERE:
        near = []
    else:
        near = [text for text in _ranges(network) if ipaddress.IPv4Network(text).overlaps(destination)]
    if near or body.destination in {route["destination"] for route in network["routes"]}:
        raise invalid_input("destination", f"{destination} overlaps with {near[0] if near else 'another route'}")
    return body.model_dump()


def _ranges(network: Document) -> list[str]:
    """
    Where a route may not lead: into subnets, or where another route leads.
    """
    routes = [route["destination"] for route in network["routes"] if route["destination"] != str(ANYWHERE)]
    return [*(subnet["ip_range"] for subnet in network["subnets"]), *routes]


def detach(cloud: Cloud, server_id: int, network_id: int) -> None:
    """
    Take a server's document out of a network.
    """
    server = cloud.require("server", server_id)
    left = [entry for entry in server["private_net"] if entry["network"] != network_id]
    cloud.change("server", server_id, private_net=left)
