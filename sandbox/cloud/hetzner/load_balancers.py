"""
Load balancers: created, changed, deleted. What is done to one that exists is in `load_balancer_actions`.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.cloud.hetzner import addressing, balancer_requests, balancer_services, balancer_targets, balancer_types, catalog
from sandbox.cloud.hetzner import labels as label
from sandbox.cloud.hetzner.actions import Step
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.errors import conflict, invalid_input, protected, refused
from sandbox.cloud.hetzner.places import location_named
from sandbox.cloud.hetzner.reading import add_actions, add_reading
from sandbox.cloud.hetzner.requests import Update
from sandbox.cloud.hetzner.small import renamed
from sandbox.cloud.hetzner.views import Views
from sandbox.cloud.store import Document


def routes(cloud: Cloud, views: Views) -> APIRouter:
    """
    Load balancers, without what is done to one that exists.
    """
    router = APIRouter()
    add_reading(router, "load_balancers", "load_balancer", lambda: cloud.store.list("load_balancer"), views.load_balancer)
    add_actions(router, cloud, "load_balancers", "load_balancer")

    @router.post("/load_balancers", status_code=201)
    def create(body: balancer_requests.LoadBalancer) -> Any:
        with cloud.store.transaction():
            document = new(cloud, body)
            action = cloud.actions.begin(_creating(cloud, document["id"]))[0]
        return {"load_balancer": views.load_balancer(document), "action": action}

    @router.put("/load_balancers/{id:int}")
    def update(id: int, body: Update) -> Any:
        document = renamed(cloud, "load_balancer", id, body)
        if body.name is not None:
            cloud.jobs.submit([("load_balancer", id)], cloud.balance).result()
        return {"load_balancer": views.load_balancer(document)}

    @router.delete("/load_balancers/{id:int}")
    def delete(id: int) -> Any:
        with cloud.store.transaction():
            document = cloud.require("load_balancer", id)
            if document["protection"]["delete"]:
                raise protected("load_balancer")
            return {"action": cloud.actions.begin(_deleting(cloud, id))[0]}

    return router


def new(cloud: Cloud, body: balancer_requests.LoadBalancer) -> Document:
    """
    The document of a new load balancer.

    Raises: HetznerError for a request that cannot be met; call it in a transaction, so that nothing remains then.
    """
    cloud.check_unique("load_balancer", "name", body.name)
    ipv4 = cloud.free_public_ip()
    document = cloud.add(
        "load_balancer", name=body.name, load_balancer_type=balancer_types.named(body.load_balancer_type)["id"],
        location=_location(body), algorithm=body.algorithm.model_dump(), ipv4=ipv4, dns_ptr={}, private_net=[], services=[],
        targets=[], public_interface=body.public_interface, labels=label.checked(body.labels), protection={"delete": False},
    )  # fmt: skip
    if body.network is not None:
        document = attached(cloud, document, balancer_requests.Attach(network=body.network))
    for service in body.services:
        document = {**document, "services": balancer_services.with_service(document, service)}
    for target in body.targets:
        document = {**document, "targets": balancer_targets.with_target(cloud, document, target)}
    return cloud.store.put("load_balancer", document["id"], document)


def attached(cloud: Cloud, balancer: Document, body: balancer_requests.Attach) -> Document:
    """
    The load balancer in a network; it can be in one only.

    Raises: HetznerError (not_found, load_balancer_already_attached, no_subnet_available, ip_not_available).
    """
    if balancer["private_net"]:
        raise refused("load_balancer_already_attached", "load balancer is already attached to a network", 409)
    network = cloud.require("network", body.network)
    ip = addressing.free_address(cloud, network, balancer["location"], body.ip, body.ip_range)
    return {**balancer, "private_net": [{"network": network["id"], "ip": ip}]}


def detach(cloud: Cloud, id: int) -> None:
    """
    Take a load balancer's document out of its network, and with it the targets that it reached there.
    """
    left = [target for target in cloud.require("load_balancer", id)["targets"] if not target["use_private_ip"]]
    cloud.change("load_balancer", id, private_net=[], targets=left)


def forget_server(cloud: Cloud, server_id: int) -> None:
    """
    A server that is deleted is nobody's target any more.
    """
    for balancer in cloud.store.list("load_balancer"):
        left = [target for target in balancer["targets"] if target.get("server") != {"id": server_id}]
        if left != balancer["targets"]:
            cloud.change("load_balancer", balancer["id"], targets=left)


def converging(cloud: Cloud, id: int, command: str) -> Step:
    """
    The action that makes a load balancer what its document says by then.
    """

    def work() -> None:
        document = cloud.store.get("load_balancer", id)
        if document is None:
            raise conflict("load balancer was deleted meanwhile")
        cloud.converge_balancer(document)
        cloud.guard()

    return Step(command=command, resources=[("load_balancer", id)], work=work)


def _creating(cloud: Cloud, id: int) -> Step:
    step = converging(cloud, id, "create_load_balancer")

    def undo() -> None:
        cloud.store.delete("load_balancer", id)
        cloud.machines.balancers.delete(id)

    return Step(command=step.command, resources=step.resources, work=step.work, undo=undo)


def _deleting(cloud: Cloud, id: int) -> Step:
    def commit() -> None:
        cloud.store.delete("load_balancer", id)
        cloud.jobs.submit([("rules", 0)], cloud.guard)

    return Step(
        command="delete_load_balancer",
        resources=[("load_balancer", id)],
        work=lambda: cloud.machines.balancers.delete(id),
        commit=commit,
    )


def _location(body: balancer_requests.LoadBalancer) -> str:
    """
    Where the request wants it; of a zone, its first location.
    """
    if body.location is not None:
        return str(location_named(body.location)["name"])
    for entry in catalog.LOCATIONS:
        if entry["network_zone"] == body.network_zone:
            return str(entry["name"])
    raise invalid_input("location", "either location or network_zone is required")
