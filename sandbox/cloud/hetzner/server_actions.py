"""
What is done to a server that exists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter

from sandbox.cloud.hetzner import addressing, places, requests, small
from sandbox.cloud.hetzner.actions import Step
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.errors import conflict, invalid_input, not_found, refused
from sandbox.cloud.hetzner.reverse import has_address, set_dns_ptr
from sandbox.cloud.hetzner.servers import forget_host_keys, starting
from sandbox.cloud.machines.model import Seed
from sandbox.cloud.store import Document

BACKUP_WINDOW = "22-02"


def routes(cloud: Cloud) -> APIRouter:
    """
    All actions of servers.
    """
    router = APIRouter(prefix="/servers/{id:int}/actions")
    _power(router, cloud)
    _hardware(router, cloud)
    _network(router, cloud)
    _settings(router, cloud)
    return router


def _existing(cloud: Cloud, id: int) -> Document:
    """
    Raises: HetznerError (not_found, conflict) for a server that is gone or going.
    """
    server = cloud.require("server", id)
    if server["status"] == "deleting":
        raise conflict("server is being deleted")
    return server


def _power(router: APIRouter, cloud: Cloud) -> None:
    def stopping(id: int, command: str, graceful: bool) -> Step:
        return Step(
            command=command,
            resources=[("server", id)],
            work=lambda: cloud.machines.stop(id, graceful),
            commit=lambda: _void(cloud.change("server", id, status="off", power_on=False)),
        )

    def restarting(id: int, command: str, graceful: bool) -> Step:
        start = starting(cloud, id)

        def work() -> None:
            cloud.machines.stop(id, graceful)
            start.work()

        return Step(command=command, resources=start.resources, work=work, commit=start.commit, undo=start.undo)

    def add(name: str, make: Callable[[int], Step]) -> None:
        @router.post(f"/{name}", status_code=201)
        def act(id: int) -> Any:
            with cloud.store.transaction():
                _existing(cloud, id)
                return {"action": cloud.actions.begin(make(id))[0]}

    add("poweron", lambda id: starting(cloud, id, "start_server"))
    add("poweroff", lambda id: stopping(id, "stop_server", graceful=False))
    add("shutdown", lambda id: stopping(id, "shutdown_server", graceful=True))
    add("reboot", lambda id: restarting(id, "reboot_server", graceful=True))
    add("reset", lambda id: restarting(id, "reset_server", graceful=False))


def _hardware(router: APIRouter, cloud: Cloud) -> None:
    @router.post("/change_type", status_code=201)
    def change_type(id: int, body: requests.ServerType) -> Any:
        with cloud.store.transaction():
            server = _existing(cloud, id)
            offer = places.server_type_named(body.server_type, server["location"])
            _check_type(server, offer)
            size = offer["disk"] if body.upgrade_disk else server["primary_disk_size"]
            step = Step(
                command="change_server_type",
                resources=[("server", id)],
                work=lambda: cloud.machines.resize(cloud.spec({**server, "server_type": offer["id"]})),
                commit=lambda: _void(cloud.change("server", id, server_type=offer["id"], primary_disk_size=size)),
            )
            return {"action": cloud.actions.begin(step)[0]}

    @router.post("/rebuild", status_code=201)
    def rebuild(id: int, body: requests.Rebuild) -> Any:
        with cloud.store.transaction():
            server = _existing(cloud, id)
            if server["protection"]["rebuild"]:
                raise refused("protected", "server is protected from being rebuilt", 423)
            offer = places.server_type_of(server)
            image = places.image_named(body.image, offer["architecture"])
            cloud.change("server", id, status="rebuilding", image=image["id"], generation=server["generation"] + 1)
            if body.user_data is not None:
                kept = cloud.require("seed", id)
                cloud.store.put("seed", id, {**kept, "user_data": body.user_data})
            return {"action": cloud.actions.begin(_rebuilding(cloud, id))[0], "root_password": None}


def _rebuilding(cloud: Cloud, id: int) -> Step:
    start = starting(cloud, id)

    def work() -> None:
        server, kept = cloud.require("server", id), cloud.require("seed", id)
        seed = Seed(user_data=kept["user_data"], public_keys=tuple(kept["public_keys"]))
        cloud.machines.create(cloud.spec(server), seed, server["generation"])
        forget_host_keys(cloud, id)
        start.work()

    return Step(command="rebuild_server", resources=start.resources, work=work, commit=start.commit, undo=start.undo)


def _check_type(server: Document, offer: Document) -> None:
    """
    Raises: HetznerError for a change of type that Hetzner refuses.
    """
    if server["status"] != "off":
        raise refused("server_not_stopped", "server must be stopped before its type can be changed")
    if offer["id"] == server["server_type"]:
        raise refused("invalid_server_type", "server already has this type")
    if offer["disk"] < server["primary_disk_size"]:
        raise refused("invalid_server_type", "the disk of the new type is smaller than the server's disk")
    old = places.server_type_of(server)
    if offer["architecture"] != old["architecture"]:
        raise refused("invalid_server_type", "the new type has another processor architecture")


def _network(router: APIRouter, cloud: Cloud) -> None:
    def reconnect(id: int, command: str, network_id: int, entries: list[Document]) -> Any:
        """
        Give a server these places in networks.
        """
        step = Step(
            command=command,
            resources=[("server", id), ("network", network_id)],
            work=lambda: cloud.converge(cloud.require("server", id)),
        )
        cloud.change("server", id, private_net=entries)
        return {"action": cloud.actions.begin(step)[0]}

    @router.post("/attach_to_network", status_code=201)
    def attach(id: int, body: requests.AttachToNetwork) -> Any:
        with cloud.store.transaction():
            server = _existing(cloud, id)
            entry = addressing.place_server(cloud, server, body)
            return reconnect(id, "attach_to_network", body.network, [*server["private_net"], entry])

    @router.post("/detach_from_network", status_code=201)
    def detach(id: int, body: requests.NetworkId) -> Any:
        with cloud.store.transaction():
            server = _existing(cloud, id)
            left = [entry for entry in server["private_net"] if entry["network"] != body.network]
            if left == server["private_net"]:
                raise not_found("network", body.network)
            return reconnect(id, "detach_from_network", body.network, left)

    @router.post("/change_alias_ips", status_code=201)
    def change_alias_ips(id: int, body: requests.AliasIps) -> Any:
        with cloud.store.transaction():
            server, network = _existing(cloud, id), cloud.require("network", body.network)
            mine = [entry for entry in server["private_net"] if entry["network"] == body.network]
            if not mine:
                raise not_found("network", body.network)
            taken = addressing.addresses(cloud, body.network) - set(mine[0]["alias_ips"])
            for address in body.alias_ips:
                addressing.check_address(network, address, taken)
            others = [entry for entry in server["private_net"] if entry["network"] != body.network]
            return reconnect(id, "change_alias_ips", body.network, [*others, {**mine[0], "alias_ips": body.alias_ips}])


def _settings(router: APIRouter, cloud: Cloud) -> None:
    def done(id: int, command: str, **fields: Any) -> Any:
        """
        A change that needs nothing of the machine.
        """
        with cloud.store.transaction():
            _existing(cloud, id)
            cloud.change("server", id, **fields)
            return {"action": cloud.actions.done(command, [("server", id)])}

    @router.post("/change_protection", status_code=201)
    def change_protection(id: int, body: requests.Protection) -> Any:
        server = _existing(cloud, id)
        wanted = {**server["protection"], **body.model_dump(exclude_none=True)}
        if wanted["delete"] != wanted["rebuild"]:
            raise invalid_input("rebuild", "delete and rebuild protection must have the same value")
        return done(id, "change_protection", protection=wanted)

    @router.post("/change_dns_ptr", status_code=201)
    def change_dns_ptr(id: int, body: requests.DnsPtr) -> Any:
        mine = [row for row in cloud.store.list("primary_ip") if row["assignee_id"] == id]
        found = [row for row in mine if has_address(row, body.ip)]
        if not found:
            raise invalid_input("ip", f"{body.ip} is not an address of this server")
        set_dns_ptr(cloud, "primary_ip", found[0]["id"], body)
        return done(id, "change_dns_ptr")

    @router.post("/enable_backup", status_code=201)
    def enable_backup(id: int) -> Any:
        return done(id, "enable_backup", backup_window=BACKUP_WINDOW)

    @router.post("/disable_backup", status_code=201)
    def disable_backup(id: int) -> Any:
        return done(id, "disable_backup", backup_window=None)

    @router.post("/add_to_placement_group", status_code=201)
    def add_to_placement_group(id: int, body: requests.PlacementGroupId) -> Any:
        with cloud.store.transaction():
            server = _existing(cloud, id)
            if server["placement_group"] is not None:
                raise refused("conflict", "server is already in a placement group", 409)
            if server["status"] != "off":
                raise refused("server_not_stopped", "server must be stopped before it can be added to a placement group")
            small.check_room(cloud, body.placement_group)
            return done(id, "add_to_placement_group", placement_group=body.placement_group)

    @router.post("/remove_from_placement_group", status_code=201)
    def remove_from_placement_group(id: int) -> Any:
        return done(id, "remove_from_placement_group", placement_group=None)


def _void(_: Document) -> None:
    """
    For commits that are one expression.
    """
