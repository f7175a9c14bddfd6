"""
What is done to a load balancer that exists.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.cloud.hetzner import balancer_requests, balancer_services, balancer_targets, balancer_types, requests
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.errors import invalid_input, not_found, refused
from sandbox.cloud.hetzner.load_balancers import attached, converging, detach
from sandbox.cloud.store import Document


def routes(cloud: Cloud) -> APIRouter:
    """
    All actions of load balancers.
    """
    router = APIRouter(prefix="/load_balancers/{id:int}/actions")
    _balancing(router, cloud)
    _network(router, cloud)
    _settings(router, cloud)
    return router


def _balancing(router: APIRouter, cloud: Cloud) -> None:
    def changed(id: int, command: str, **fields: Any) -> Any:
        """
        Write the change, then make it real.
        """
        cloud.change("load_balancer", id, **fields)
        return {"action": cloud.actions.begin(converging(cloud, id, command))[0]}

    def existing(id: int) -> Document:
        return cloud.require("load_balancer", id)

    @router.post("/add_service", status_code=201)
    def add_service(id: int, body: balancer_requests.Service) -> Any:
        with cloud.store.transaction():
            return changed(id, "add_service", services=balancer_services.with_service(existing(id), body))

    @router.post("/update_service", status_code=201)
    def update_service(id: int, body: balancer_requests.ServiceUpdate) -> Any:
        with cloud.store.transaction():
            return changed(id, "update_service", services=balancer_services.with_changed(existing(id), body))

    @router.post("/delete_service", status_code=201)
    def delete_service(id: int, body: balancer_requests.ListenPort) -> Any:
        with cloud.store.transaction():
            return changed(id, "delete_service", services=balancer_services.without(existing(id), body.listen_port))

    @router.post("/add_target", status_code=201)
    def add_target(id: int, body: balancer_requests.Target) -> Any:
        with cloud.store.transaction():
            return changed(id, "add_target", targets=balancer_targets.with_target(cloud, existing(id), body))

    @router.post("/remove_target", status_code=201)
    def remove_target(id: int, body: balancer_requests.Target) -> Any:
        with cloud.store.transaction():
            return changed(id, "remove_target", targets=balancer_targets.without(existing(id), body))

    @router.post("/change_algorithm", status_code=201)
    def change_algorithm(id: int, body: balancer_requests.Algorithm) -> Any:
        with cloud.store.transaction():
            existing(id)
            return changed(id, "change_algorithm", algorithm=body.model_dump())

    @router.post("/change_type", status_code=201)
    def change_type(id: int, body: balancer_requests.LoadBalancerType) -> Any:
        with cloud.store.transaction():
            balancer, kind = existing(id), balancer_types.named(body.load_balancer_type)
            if kind["id"] == balancer["load_balancer_type"] or not balancer_targets.fits(cloud, balancer, kind):
                raise refused("invalid_load_balancer_type", f"load balancer type {kind['name']} does not fit")
            return changed(id, "change_load_balancer_type", load_balancer_type=kind["id"])


def _network(router: APIRouter, cloud: Cloud) -> None:
    def converge(id: int, command: str) -> Any:
        return {"action": cloud.actions.begin(converging(cloud, id, command))[0]}

    @router.post("/attach_to_network", status_code=201)
    def attach(id: int, body: balancer_requests.Attach) -> Any:
        with cloud.store.transaction():
            document = attached(cloud, cloud.require("load_balancer", id), body)
            cloud.change("load_balancer", id, private_net=document["private_net"])
            return converge(id, "attach_to_network")

    @router.post("/detach_from_network", status_code=201)
    def detach_from_network(id: int, body: requests.NetworkId) -> Any:
        with cloud.store.transaction():
            balancer = cloud.require("load_balancer", id)
            if body.network not in {entry["network"] for entry in balancer["private_net"]}:
                raise not_found("network", body.network)
            detach(cloud, id)
            return converge(id, "detach_from_network")

    @router.post("/enable_public_interface", status_code=201)
    def enable_public_interface(id: int) -> Any:
        with cloud.store.transaction():
            cloud.require("load_balancer", id)
            cloud.change("load_balancer", id, public_interface=True)
            return converge(id, "enable_public_interface")

    @router.post("/disable_public_interface", status_code=201)
    def disable_public_interface(id: int) -> Any:
        with cloud.store.transaction():
            balancer = cloud.require("load_balancer", id)
            if not balancer["private_net"]:
                raise refused("load_balancer_not_attached_to_network", "load balancer is not attached to a network")
            if not all(target["use_private_ip"] for target in balancer["targets"]):
                raise refused("targets_without_use_private_ip", "load balancer has targets that use the public IP")
            cloud.change("load_balancer", id, public_interface=False)
            return converge(id, "disable_public_interface")


def _settings(router: APIRouter, cloud: Cloud) -> None:
    @router.post("/change_protection", status_code=201)
    def change_protection(id: int, body: requests.Protection) -> Any:
        cloud.require("load_balancer", id)
        if body.delete is not None:
            cloud.change("load_balancer", id, protection={"delete": body.delete})
        return {"action": cloud.actions.done("change_protection", [("load_balancer", id)])}

    @router.post("/change_dns_ptr", status_code=201)
    def change_dns_ptr(id: int, body: requests.DnsPtr) -> Any:
        with cloud.store.transaction():
            balancer = cloud.require("load_balancer", id)
            if body.ip not in (balancer["ipv4"], cloud.balancer_ipv6(balancer)):
                raise invalid_input("ip", f"{body.ip} is not an address of this load balancer")
            names = {ip: name for ip, name in balancer["dns_ptr"].items() if ip != body.ip}
            cloud.change("load_balancer", id, dns_ptr=names | ({body.ip: body.dns_ptr} if body.dns_ptr else {}))
        return {"action": cloud.actions.done("change_dns_ptr", [("load_balancer", id)])}
