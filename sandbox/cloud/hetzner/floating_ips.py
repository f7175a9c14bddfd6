"""
Floating IPs: public addresses that can be given to one server after another.

Traffic for one goes to the server that it is assigned to, past the server's firewalls as to its own address. Unlike Hetzner's,
the sandbox's servers need not have it on an interface: it is translated, like every public address here.
"""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from sandbox.cloud.hetzner import labels, requests
from sandbox.cloud.hetzner.actions import Step, now
from sandbox.cloud.hetzner.cloud import FIRST_IDS, Cloud
from sandbox.cloud.hetzner.errors import invalid_input, protected, refused
from sandbox.cloud.hetzner.places import location_named
from sandbox.cloud.hetzner.reading import add_actions, add_reading
from sandbox.cloud.hetzner.reverse import set_dns_ptr
from sandbox.cloud.hetzner.small import renamed
from sandbox.cloud.hetzner.views import Views
from sandbox.cloud.store import Document


class FloatingIp(BaseModel):
    type: Literal["ipv4", "ipv6"]
    name: requests.Name | None = None
    description: str | None = None
    home_location: requests.IdOrName | None = None
    server: int | None = None
    labels: requests.Labels = {}


class FloatingIpUpdate(requests.Update):
    description: str | None = None


class Assignment(BaseModel):
    server: int


def routes(cloud: Cloud, views: Views) -> APIRouter:
    """
    Floating IPs and their actions.
    """
    router = APIRouter()
    filters = {"ip": lambda row: row["ip"], "type": lambda row: row["type"]}
    add_reading(router, "floating_ips", "floating_ip", lambda: cloud.store.list("floating_ip"), views.floating_ip, filters)
    add_actions(router, cloud, "floating_ips", "floating_ip")

    @router.post("/floating_ips", status_code=201)
    def create(body: FloatingIp) -> Any:
        with cloud.store.transaction():
            document = new(cloud, body)
            action = None if body.server is None else _assigning(cloud, "assign_floating_ip", document["id"], body.server)
        return {"floating_ip": views.floating_ip(document), "action": action}

    @router.put("/floating_ips/{id:int}")
    def update(id: int, body: FloatingIpUpdate) -> Any:
        fields = {} if body.description is None else {"description": body.description}
        return {"floating_ip": views.floating_ip(renamed(cloud, "floating_ip", id, body, **fields))}

    @router.delete("/floating_ips/{id:int}")
    def delete(id: int) -> Response:
        with cloud.store.transaction():
            if cloud.require("floating_ip", id)["protection"]["delete"]:
                raise protected("floating_ip")
            cloud.store.delete("floating_ip", id)
        cloud.guard()
        return Response(status_code=204)

    _action_routes(router, cloud)
    return router


def new(cloud: Cloud, body: FloatingIp) -> Document:
    """
    The document of a new address, at home where its server is unless the request says where.

    Raises: HetznerError.
    """
    server = None if body.server is None else cloud.require("server", body.server)
    if body.home_location is None and server is None:
        raise invalid_input("home_location", "either home_location or server is required")
    home = location_named(body.home_location)["name"] if body.home_location is not None else (server or {})["location"]
    id = cloud.store.next_id("floating_ip", FIRST_IDS["floating_ip"])
    name = body.name or f"floating-ip-{id}"
    cloud.check_unique("floating_ip", "name", name)
    ip = cloud.free_public_ip() if body.type == "ipv4" else cloud.documentation_ipv6("floating_ip", id) + "/64"
    document = {
        "id": id,
        "created": now(),
        "name": name,
        "description": body.description or "",
        "type": body.type,
        "ip": ip,
        "server": body.server,
        "home_location": home,
        "dns_ptr": [{"ip": ip, "dns_ptr": cloud.default_dns_ptr(ip)}] if body.type == "ipv4" else [],
        "blocked": False,
        "protection": {"delete": False},
        "labels": labels.checked(body.labels),
    }
    return cloud.store.put("floating_ip", id, document)


def _action_routes(router: APIRouter, cloud: Cloud) -> None:
    base = "/floating_ips/{id:int}/actions"

    @router.post(f"{base}/assign", status_code=201)
    def assign(id: int, body: Assignment) -> Any:
        with cloud.store.transaction():
            cloud.require("floating_ip", id)
            cloud.require("server", body.server)
            cloud.change("floating_ip", id, server=body.server)
            return {"action": _assigning(cloud, "assign_floating_ip", id, body.server)}

    @router.post(f"{base}/unassign", status_code=201)
    def unassign(id: int) -> Any:
        with cloud.store.transaction():
            server_id = cloud.require("floating_ip", id)["server"]
            if server_id is None:
                raise refused("service_error", "floating IP is not assigned to a server")
            cloud.change("floating_ip", id, server=None)
            return {"action": _assigning(cloud, "unassign_floating_ip", id, server_id)}

    @router.post(f"{base}/change_dns_ptr", status_code=201)
    def change_dns_ptr(id: int, body: requests.DnsPtr) -> Any:
        set_dns_ptr(cloud, "floating_ip", id, body)
        return {"action": cloud.actions.done("change_dns_ptr", [("floating_ip", id)])}

    @router.post(f"{base}/change_protection", status_code=201)
    def change_protection(id: int, body: requests.Protection) -> Any:
        cloud.require("floating_ip", id)
        if body.delete is not None:
            cloud.change("floating_ip", id, protection={"delete": body.delete})
        return {"action": cloud.actions.done("change_protection", [("floating_ip", id)])}


def _assigning(cloud: Cloud, command: str, id: int, server_id: int) -> Document:
    step = Step(command=command, resources=[("floating_ip", id), ("server", server_id)], work=cloud.guard)
    return cloud.actions.begin(step)[0]
