"""
Primary IPs: public addresses, which a server gets by itself or is given.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from sandbox.cloud.hetzner import labels, requests
from sandbox.cloud.hetzner.actions import Step
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.errors import protected, refused
from sandbox.cloud.hetzner.places import chosen_location
from sandbox.cloud.hetzner.reading import add_actions, add_reading
from sandbox.cloud.hetzner.reverse import set_dns_ptr
from sandbox.cloud.hetzner.small import renamed
from sandbox.cloud.hetzner.views import Views
from sandbox.cloud.store import Document


def routes(cloud: Cloud, views: Views) -> APIRouter:
    """
    Primary IPs and their actions.
    """
    router = APIRouter()
    filters = {"ip": lambda row: row["ip"]}
    add_reading(router, "primary_ips", "primary_ip", lambda: cloud.store.list("primary_ip"), views.primary_ip, filters)
    add_actions(router, cloud, "primary_ips", "primary_ip")

    @router.post("/primary_ips", status_code=201)
    def create(body: requests.PrimaryIp) -> Any:
        with cloud.store.transaction():
            cloud.check_unique("primary_ip", "name", body.name)
            place = chosen_location(body.location, body.datacenter)
            if body.assignee_id is not None:
                server = cloud.require("server", body.assignee_id)
                check_assignable(cloud, server, body.type)
                place = server["location"]
            document = cloud.add_primary_ip(
                body.type, body.name, place, labels=labels.checked(body.labels), auto_delete=body.auto_delete,
                assignee_id=body.assignee_id,
            )  # fmt: skip
        action = None if body.assignee_id is None else _assigning(cloud, "assign_primary_ip", document["id"], body.assignee_id)
        return {"primary_ip": views.primary_ip(document), "action": action}

    @router.put("/primary_ips/{id:int}")
    def update(id: int, body: requests.PrimaryIpUpdate) -> Any:
        fields = {} if body.auto_delete is None else {"auto_delete": body.auto_delete}
        return {"primary_ip": views.primary_ip(renamed(cloud, "primary_ip", id, body, **fields))}

    @router.delete("/primary_ips/{id:int}")
    def delete(id: int) -> Response:
        with cloud.store.transaction():
            document = cloud.require("primary_ip", id)
            if document["protection"]["delete"]:
                raise protected("primary_ip")
            _check_off(cloud, document["assignee_id"])
            cloud.store.delete("primary_ip", id)
        cloud.guard()
        return Response(status_code=204)

    _action_routes(router, cloud)
    return router


def _action_routes(router: APIRouter, cloud: Cloud) -> None:
    base = "/primary_ips/{id:int}/actions"

    @router.post(f"{base}/assign", status_code=201)
    def assign(id: int, body: requests.Assign) -> Any:
        with cloud.store.transaction():
            document, server = cloud.require("primary_ip", id), cloud.require("server", body.assignee_id)
            if document["assignee_id"] is not None:
                raise refused("primary_ip_assigned", "primary IP is already assigned", 409)
            check_assignable(cloud, server, document["type"])
            cloud.change("primary_ip", id, assignee_id=server["id"])
        return {"action": _assigning(cloud, "assign_primary_ip", id, server["id"])}

    @router.post(f"{base}/unassign", status_code=201)
    def unassign(id: int) -> Any:
        with cloud.store.transaction():
            server_id = cloud.require("primary_ip", id)["assignee_id"]
            if server_id is None:
                raise refused("service_error", "primary IP is not assigned")
            _check_off(cloud, server_id)
            cloud.change("primary_ip", id, assignee_id=None)
        return {"action": _assigning(cloud, "unassign_primary_ip", id, server_id)}

    @router.post(f"{base}/change_dns_ptr", status_code=201)
    def change_dns_ptr(id: int, body: requests.DnsPtr) -> Any:
        set_dns_ptr(cloud, "primary_ip", id, body)
        return {"action": cloud.actions.done("change_dns_ptr", [("primary_ip", id)])}

    @router.post(f"{base}/change_protection", status_code=201)
    def change_protection(id: int, body: requests.Protection) -> Any:
        cloud.require("primary_ip", id)
        if body.delete is not None:
            cloud.change("primary_ip", id, protection={"delete": body.delete})
        return {"action": cloud.actions.done("change_protection", [("primary_ip", id)])}


def check_assignable(cloud: Cloud, server: Document, type: str) -> None:
    """
    Raises: HetznerError when the server runs or has an address of this type already.
    """
    _check_off(cloud, server["id"])
    if any(row["assignee_id"] == server["id"] and row["type"] == type for row in cloud.store.list("primary_ip")):
        raise refused(f"server_has_{type}", f"the server already has an {type} address", 409)


def _check_off(cloud: Cloud, server_id: int | None) -> None:
    server = server_id and cloud.store.get("server", server_id)
    if server and server["status"] != "off":
        raise refused("server_not_stopped", "the server must be off", 409)


def _assigning(cloud: Cloud, command: str, id: int, server_id: int) -> Document:
    return cloud.actions.begin(Step(command=command, resources=[("primary_ip", id), ("server", server_id)], work=cloud.guard))[
        0
    ]
