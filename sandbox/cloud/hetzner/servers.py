"""
Servers: created, changed, deleted. What is done to one that exists is in `server_actions`.
"""

from __future__ import annotations

import contextlib
import secrets
import subprocess
from typing import Any

from docker.errors import DockerException
from fastapi import APIRouter

from ops.errors import FlotillaError
from sandbox.cloud.hetzner import addressing, labels, load_balancers, places, requests, small, volumes
from sandbox.cloud.hetzner.actions import Step
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.errors import conflict, invalid_input, protected, refused
from sandbox.cloud.hetzner.reading import add_actions, add_reading
from sandbox.cloud.hetzner.small import renamed
from sandbox.cloud.hetzner.views import Views
from sandbox.cloud.machines.model import Seed
from sandbox.cloud.store import Document


def routes(cloud: Cloud, views: Views) -> APIRouter:
    """
    Servers, without what is done to one that exists.
    """
    router = APIRouter()
    filters = {"status": lambda row: row["status"]}
    add_reading(router, "servers", "server", lambda: cloud.store.list("server"), views.server, filters)
    add_actions(router, cloud, "servers", "server")

    @router.post("/servers", status_code=201)
    def create(body: requests.Server) -> Any:
        with cloud.store.transaction():
            document, seed = new(cloud, body)
            steps = [_creating(cloud, document["id"], seed)]
            if body.start_after_create:
                steps.append(starting(cloud, document["id"]))
            steps += [volumes.attaching(cloud, volume_id, document["id"], body.automount) for volume_id in body.volumes]
            actions = cloud.actions.begin(*steps)
        return {
            "server": views.server(document),
            "action": actions[0],
            "next_actions": actions[1:],
            "root_password": seed.root_password,
        }

    @router.put("/servers/{id:int}")
    def update(id: int, body: requests.ServerUpdate) -> Any:
        document = renamed(cloud, "server", id, body)
        if body.name is not None:
            cloud.jobs.submit([("server", id)], lambda: cloud.machines.rename(id, document["name"])).result()
        if body.labels is not None:
            cloud.guard()
        return {"server": views.server(document)}

    @router.delete("/servers/{id:int}")
    def delete(id: int) -> Any:
        with cloud.store.transaction():
            document = cloud.require("server", id)
            if document["protection"]["delete"]:
                raise protected("server")
            if document["status"] == "deleting":
                raise conflict("server is being deleted already")
            cloud.change("server", id, status="deleting", power_on=False)
            return {"action": cloud.actions.begin(_deleting(cloud, id))[0]}

    return router


def new(cloud: Cloud, body: requests.Server) -> tuple[Document, Seed]:
    """
    The documents of a new server and of its addresses, and what its first boot finds.

    Raises: HetznerError for a request that cannot be met; call it in a transaction, so that nothing remains then.
    """
    cloud.check_unique("server", "name", body.name)
    place = places.chosen_location(body.location, body.datacenter)
    offer = places.server_type_named(body.server_type, place)
    image = places.image_named(body.image, offer["architecture"])
    keys = [cloud.require_named("ssh_key", key)["public_key"] for key in body.ssh_keys]
    if body.placement_group is not None:
        small.check_room(cloud, body.placement_group)
    document = cloud.add(
        "server", name=body.name, status="initializing" if body.start_after_create else "off",
        power_on=body.start_after_create, server_type=offer["id"], image=image["id"], location=place,
        primary_disk_size=offer["disk"], labels=labels.checked(body.labels), private_net=[], volumes=[],
        placement_group=body.placement_group, protection={"delete": False, "rebuild": False}, backup_window=None, generation=1,
    )  # fmt: skip
    _give_addresses(cloud, document, body.public_net)
    for network_id in body.networks:
        entry = addressing.place_server(cloud, document, requests.AttachToNetwork(network=network_id))
        document = cloud.change("server", document["id"], private_net=[*document["private_net"], entry])
    for volume_id in body.volumes:
        volumes.check_attachable(cloud, cloud.require("volume", volume_id), document)
    for chosen in body.firewalls:
        _apply_firewall(cloud, document, cloud.require("firewall", chosen.firewall))
    seed = Seed(user_data=body.user_data, public_keys=tuple(keys), root_password=None if keys else secrets.token_urlsafe(15))
    cloud.store.put("seed", document["id"], {"user_data": body.user_data, "public_keys": keys})
    return document, seed


def starting(cloud: Cloud, server_id: int, command: str = "start_server") -> Step:
    """
    The action that switches a server on.
    """

    def work() -> None:
        server = cloud.require("server", server_id)
        cloud.note_interfaces(server_id, cloud.machines.start(cloud.spec(server)))
        cloud.guard()

    def commit() -> None:
        cloud.change("server", server_id, status="running", power_on=True)

    def undo() -> None:
        cloud.change("server", server_id, status="off", power_on=False)

    return Step(command=command, resources=[("server", server_id)], work=work, commit=commit, undo=undo)


def forget(cloud: Cloud, server: Document) -> None:
    """
    Remove a server from the documents: its addresses that came with it, its place in firewalls and load balancers, its volumes'
    and floating addresses' attachment. The machine is removed by who calls this, or at the next start.
    """
    id = server["id"]
    forget_host_keys(cloud, id)
    with cloud.store.transaction():
        for address in cloud.store.list("primary_ip"):
            if address["assignee_id"] == id:
                if address["auto_delete"]:
                    cloud.store.delete("primary_ip", address["id"])
                else:
                    cloud.change("primary_ip", address["id"], assignee_id=None)
        applied = {"type": "server", "server": {"id": id}}
        for firewall in cloud.store.list("firewall"):
            if applied in firewall["applied_to"]:
                left = [resource for resource in firewall["applied_to"] if resource != applied]
                cloud.change("firewall", firewall["id"], applied_to=left)
        for kind in ("volume", "floating_ip"):
            for row in cloud.store.list(kind):
                if row["server"] == id:
                    cloud.change(kind, row["id"], server=None)
        load_balancers.forget_server(cloud, id)
        cloud.store.delete("seed", id)
        cloud.store.delete("server", id)


def forget_host_keys(cloud: Cloud, server_id: int) -> None:
    """
    A server's next boot has other host keys: those of its addresses leave known_hosts.
    """
    for address in cloud.store.list("primary_ip"):
        if address["assignee_id"] == server_id:
            _forget_host_keys(cloud, address["ip"])


def _creating(cloud: Cloud, server_id: int, seed: Seed) -> Step:
    def work() -> None:
        cloud.machines.create(cloud.spec(cloud.require("server", server_id)), seed)

    def undo() -> None:
        document = cloud.store.get("server", server_id)
        if document is not None:
            forget(cloud, document)
        with contextlib.suppress(DockerException, FlotillaError):  # Docker may be what failed; the next start tidies up
            cloud.machines.delete(server_id)

    return Step(command="create_server", resources=[("server", server_id)], work=work, undo=undo)


def _deleting(cloud: Cloud, server_id: int) -> Step:
    def work() -> None:
        document = cloud.require("server", server_id)
        cloud.machines.delete(server_id, document["volumes"])

    def commit() -> None:
        document = cloud.store.get("server", server_id)
        if document is not None:
            forget(cloud, document)
        cloud.jobs.submit([("rules", 0)], cloud.guard)

    return Step(command="delete_server", resources=[("server", server_id)], work=work, commit=commit)


def _give_addresses(cloud: Cloud, server: Document, wanted: requests.PublicNet) -> None:
    """
    Addresses that were named, or new ones that go with the server.
    """
    for type, is_wanted, id in (("ipv4", wanted.enable_ipv4, wanted.ipv4), ("ipv6", wanted.enable_ipv6, wanted.ipv6)):
        if id is not None:
            _take_address(cloud, server, type, id)
        elif is_wanted:
            name = f"primary_ip-{server['id']}-{type}"
            address = cloud.add_primary_ip(type, name, server["location"], assignee_id=server["id"], auto_delete=True)
            _forget_host_keys(cloud, address["ip"])


def _take_address(cloud: Cloud, server: Document, type: str, id: int) -> None:
    address = cloud.require("primary_ip", id)
    if address["type"] != type:
        raise refused("primary_ip_version_mismatch", f"primary IP {id} is not an {type} address")
    if address["assignee_id"] is not None:
        raise refused("primary_ip_assigned", f"primary IP {id} is already assigned to a server", 409)
    if address["location"] != server["location"]:
        raise invalid_input("public_net", f"primary IP {id} is in {address['location']}")
    cloud.change("primary_ip", id, assignee_id=server["id"])
    _forget_host_keys(cloud, address["ip"])


def _apply_firewall(cloud: Cloud, server: Document, firewall: Document) -> None:
    applied = {"type": "server", "server": {"id": server["id"]}}
    if applied not in firewall["applied_to"]:
        cloud.change("firewall", firewall["id"], applied_to=[*firewall["applied_to"], applied])


def _forget_host_keys(cloud: Cloud, ip: str) -> None:
    """
    The next machine at this address has other host keys: take the old ones out of known_hosts.
    """
    known_hosts = cloud.machines.instance.known_hosts
    if not known_hosts.is_file() or "/" in ip:
        return
    subprocess.run(["ssh-keygen", "-R", ip, "-f", str(known_hosts)], check=False, capture_output=True, timeout=10)
    known_hosts.with_name(f"{known_hosts.name}.old").unlink(missing_ok=True)
