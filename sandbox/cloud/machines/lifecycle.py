"""
An instance's machines as a whole: stop them, start them again, remove everything. Works without the cloud daemon.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from docker.errors import ImageNotFound, NotFound

from sandbox import labelled
from sandbox.cloud.machines import firewall, machine
from sandbox.cloud.machines.disks import Disks
from sandbox.cloud.machines.gateway import Gateway
from sandbox.cloud.store import Store
from sandbox.instance import Instance

STOP_S = 20
AT_ONCE = 8
CONNECT_TIMEOUT_S = 30.0


def pause(instance: Instance, client: Any | None = None) -> int:
    """
    Stop all machines and keep their state; returns how many ran. Call it when the cloud daemon has been stopped.
    """
    client = client or _docker()
    running = [row["Id"] for row in machine.all_machines(client, instance).values() if row["State"] == "running"]
    _in_parallel(lambda container_id: client.api.stop(container_id, timeout=STOP_S), running)
    return len(running)


def resume(instance: Instance, client: Any | None = None) -> int:
    """
    Start the machines that were on when they were paused; returns how many were started. The cloud daemon gives them their
    addresses and volumes when it starts.
    """
    client = client or _docker()
    stopped = {key: row["Id"] for key, row in machine.all_machines(client, instance).items() if row["State"] != "running"}
    wanted = [container_id for key, container_id in stopped.items() if key in _powered_on(instance)]
    _in_parallel(client.api.start, wanted)
    return len(wanted)


def await_connected(instance: Instance, timeout_s: float = CONNECT_TIMEOUT_S) -> bool:
    """
    Wait until the cloud daemon has given every machine that should run its addresses; whether it has, in time.
    """
    deadline = time.monotonic() + timeout_s
    while not (connected := _powered_on(instance) <= _powered_on(instance, status="running")) and time.monotonic() < deadline:
        time.sleep(0.2)
    return connected


def remove_everything(instance: Instance, client: Any | None = None) -> None:
    """
    Remove all containers, volumes, networks, packet rules and loop devices of an instance, found by label: works also when the
    daemon is dead and the instance's files are lost. Nothing is left, nothing of anybody else is touched.
    """
    client = client or _docker()
    chosen = labelled.of(instance)
    containers = client.api.containers(all=True, filters=chosen)
    gateway = _gateway(instance, client, containers)
    others = [row["Id"] for row in containers if f"/{instance.gateway_name}" not in row["Names"]]
    _in_parallel(lambda container_id: _remove_container(client, container_id), others)
    if gateway is not None:
        Disks(instance, client, gateway).release_all()
        gateway.run(["nft", "-f", "-"], firewall.removal(instance.id))
        _remove_container(client, instance.gateway_name)
    for row in client.api.volumes(filters=chosen).get("Volumes") or []:
        client.volumes.get(row["Name"]).remove(force=True)
    for row in client.api.networks(filters=chosen):
        client.networks.get(row["Id"]).remove()


def _gateway(instance: Instance, client: Any, containers: list[dict[str, Any]]) -> Gateway | None:
    """
    A running gateway, made anew if need be from whichever image the instance's machines were made of. None where nothing was
    ever made.
    """
    machines = (row for row in containers if machine.SERVER_LABEL in row["Labels"])
    gateways = (row for row in containers if f"/{instance.gateway_name}" in row["Names"])
    for image in [*(row["ImageID"] for row in (*gateways, *machines)), _current_image()]:
        gateway = Gateway(instance, client, image)
        try:
            gateway.ensure()
        except ImageNotFound:
            continue
        return gateway
    return None


def _current_image() -> str:
    from sandbox.images import machine_image

    return machine_image()


def _powered_on(instance: Instance, status: str | None = None) -> set[int]:
    """
    Servers that the cloud wants to run; only those of one status where it is given.
    """
    if not instance.database.is_file():
        return set()
    store = Store(instance.database)
    try:
        wanted = [document for document in store.list("server") if document["power_on"]]
        return {document["id"] for document in wanted if status in (None, document["status"])}
    finally:
        store.close()


def _remove_container(client: Any, container_id: str) -> None:
    try:
        client.api.remove_container(container_id, force=True, v=True)
    except NotFound:
        return


def _in_parallel(work: Any, items: list[str]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for result in [pool.submit(work, item) for item in items]:
            result.result()


def _docker() -> Any:
    import docker

    return docker.from_env(timeout=120)
