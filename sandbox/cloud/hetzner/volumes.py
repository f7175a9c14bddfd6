"""
Volumes: disks that outlive their server.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response

from sandbox.cloud.hetzner import labels, requests
from sandbox.cloud.hetzner.actions import Step, nothing
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.errors import HetznerError, in_use, invalid_input, protected, refused
from sandbox.cloud.hetzner.jobs import Key
from sandbox.cloud.hetzner.places import location_named
from sandbox.cloud.hetzner.reading import add_actions, add_reading
from sandbox.cloud.hetzner.small import renamed
from sandbox.cloud.hetzner.views import Views
from sandbox.cloud.store import Document

MOST_PER_SERVER = 16


def routes(cloud: Cloud, views: Views) -> APIRouter:
    """
    Volumes and their actions.
    """
    router = APIRouter()
    filters = {"status": lambda row: row["status"]}
    add_reading(router, "volumes", "volume", lambda: cloud.store.list("volume"), views.volume, filters)
    add_actions(router, cloud, "volumes", "volume")

    @router.post("/volumes", status_code=201)
    def create(body: requests.Volume) -> Any:
        with cloud.store.transaction():
            document = new(cloud, body)
        id = document["id"]

        def undo() -> None:
            forget(cloud, document)
            cloud.machines.disks.delete(id)

        making = Step(
            command="create_volume",
            resources=[("volume", id)],
            work=lambda: cloud.machines.disks.create(id, body.size, body.format),
            commit=lambda: _void(cloud.change("volume", id, status="available")),
            undo=undo,
        )
        following = [] if body.server is None else [attaching(cloud, id, body.server, body.automount)]
        actions = cloud.actions.begin(making, *following)
        return {"volume": views.volume(document), "action": actions[0], "next_actions": actions[1:]}

    @router.put("/volumes/{id:int}")
    def update(id: int, body: requests.Update) -> Any:
        return {"volume": views.volume(renamed(cloud, "volume", id, body))}

    @router.delete("/volumes/{id:int}")
    def delete(id: int) -> Response:
        with cloud.store.transaction():
            document = cloud.require("volume", id)
            if document["protection"]["delete"]:
                raise protected("volume")
            if document["server"] is not None or _promised(cloud, id):
                raise in_use("volume is still attached to a server")
            forget(cloud, document)
        cloud.jobs.submit([("volume", id)], lambda: cloud.machines.disks.delete(id)).result()
        return Response(status_code=204)

    _action_routes(router, cloud)
    return router


def _action_routes(router: APIRouter, cloud: Cloud) -> None:
    base = "/volumes/{id:int}/actions"

    @router.post(f"{base}/attach", status_code=201)
    def attach(id: int, body: requests.VolumeAttach) -> Any:
        with cloud.store.transaction():
            check_attachable(cloud, cloud.require("volume", id), cloud.require("server", body.server))
            return {"action": cloud.actions.begin(attaching(cloud, id, body.server, body.automount))[0]}

    @router.post(f"{base}/detach", status_code=201)
    def detach(id: int) -> Any:
        with cloud.store.transaction():
            document = cloud.require("volume", id)
            if document["server"] is None:
                raise refused("service_error", "volume is not attached to a server")
            return {"action": cloud.actions.begin(detaching(cloud, id, document["server"]))[0]}

    @router.post(f"{base}/resize", status_code=201)
    def resize(id: int, body: requests.VolumeResize) -> Any:
        document = cloud.require("volume", id)
        if body.size <= document["size"]:
            raise invalid_input("size", "a volume can only grow")
        step = Step(
            command="resize_volume",
            resources=_keys(id, document["server"]),
            work=lambda: cloud.machines.disks.resize(id, body.size),
            commit=lambda: _void(cloud.change("volume", id, size=body.size)),
        )
        return {"action": cloud.actions.begin(step)[0]}

    @router.post(f"{base}/change_protection", status_code=201)
    def change_protection(id: int, body: requests.Protection) -> Any:
        document = cloud.require("volume", id)
        if body.delete is not None:
            cloud.change("volume", id, protection={**document["protection"], "delete": body.delete})
        return {"action": cloud.actions.done("change_protection", [("volume", id)])}


def new(cloud: Cloud, body: requests.Volume) -> Document:
    """
    The document of a new volume.

    Raises: HetznerError for a request that cannot be met.
    """
    cloud.check_unique("volume", "name", body.name)
    if body.server is None:
        if body.location is None:
            raise invalid_input("location", "a volume needs a location or a server")
        if body.automount:
            raise invalid_input("automount", "only a volume with a server can be mounted")
        place = location_named(body.location)["name"]
    else:
        server = cloud.require("server", body.server)
        place = server["location"]
        if body.location is not None and location_named(body.location)["name"] != place:
            raise invalid_input("location", "the server is in another location")
        check_room(server)
    return cloud.add(
        "volume", name=body.name, size=body.size, location=place, format=body.format, status="creating", server=None,
        protection={"delete": False}, labels=labels.checked(body.labels),
    )  # fmt: skip


def check_attachable(cloud: Cloud, volume: Document, server: Document) -> None:
    """
    Raises: HetznerError when the volume is attached somewhere, or the server is elsewhere or full.
    """
    if volume["server"] is not None or _promised(cloud, volume["id"]):
        raise refused("volume_already_attached", "volume is already attached to a server", 409)
    if volume["location"] != server["location"]:
        raise invalid_input("server", f"the volume is in {volume['location']}, the server in {server['location']}")
    check_room(server)


def check_room(server: Document) -> None:
    """
    Raises: HetznerError (resource_limit_exceeded) for a server that has as many volumes as it may.
    """
    if len(server["volumes"]) >= MOST_PER_SERVER:
        raise refused("resource_limit_exceeded", f"a server has at most {MOST_PER_SERVER} volumes", 403)


def attaching(cloud: Cloud, volume_id: int, server_id: int, automount: bool) -> Step:
    """
    The action that attaches a volume.
    """

    def both() -> tuple[Document, Document]:
        return cloud.require("volume", volume_id), cloud.require("server", server_id)

    def work() -> None:
        volume, server = both()
        if volume["server"] is not None:
            raise refused("volume_already_attached", "volume is already attached to a server", 409)
        cloud.converge({**server, "volumes": [*server["volumes"], volume_id]})
        if automount and volume["format"] and server_id in cloud.machines.running():
            cloud.machines.automount(server_id, volume_id, volume["format"])

    def commit() -> None:
        _, server = both()
        cloud.change("server", server_id, volumes=[*server["volumes"], volume_id])
        cloud.change("volume", volume_id, server=server_id)

    def undo() -> None:
        server = cloud.store.get("server", server_id)
        if server is not None:
            cloud.converge(server)

    return Step(command="attach_volume", resources=_keys(volume_id, server_id), work=work, commit=commit, undo=_quietly(undo))


def detaching(cloud: Cloud, volume_id: int, server_id: int) -> Step:
    """
    The action that detaches a volume.
    """

    def left(server: Document) -> list[int]:
        return [id for id in server["volumes"] if id != volume_id]

    def work() -> None:
        server = cloud.require("server", server_id)
        cloud.machines.unmount(server_id, volume_id)
        cloud.converge({**server, "volumes": left(server)})
        cloud.machines.disks.release(volume_id)

    def commit() -> None:
        server = cloud.store.get("server", server_id)
        if server is not None:
            cloud.change("server", server_id, volumes=left(server))
        cloud.change("volume", volume_id, server=None)

    return Step(command="detach_volume", resources=_keys(volume_id, server_id), work=work, commit=commit)


def forget(cloud: Cloud, volume: Document) -> None:
    """
    Remove a volume's document; its disk is removed by who calls this, or at the next start.
    """
    cloud.store.delete("volume", volume["id"])


def _promised(cloud: Cloud, volume_id: int) -> bool:
    """
    True while an action on the volume is under way, for example one that attaches it.
    """
    return cloud.actions.is_busy(("volume", volume_id))


def _keys(volume_id: int, server_id: int | None) -> list[Key]:
    return [("volume", volume_id), *([] if server_id is None else [("server", server_id)])]


def _quietly(work: Callable[[], None]) -> Callable[[], None]:
    """
    Putting right after a failure must not hide the failure.
    """

    def run() -> None:
        try:
            work()
        except HetznerError:
            nothing()

    return run


def _void(_: Document) -> None:
    """
    For commits that are one expression.
    """
