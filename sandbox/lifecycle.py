"""
The sandbox as a whole: start, stop, remove. Each may be repeated, and mends what an interrupted one left.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import MissingToolError
from ops.progress import say, step
from sandbox import authority, blocks, credentials, docker_host, images, labelled, private_files, publish, registry, supervisor
from sandbox.files import home_of
from sandbox.images import build
from sandbox.instance import Instance, identity, load
from settings.releases import releases_file
from toolchain import pulumi_home

# The toolchain is the checkout's, not the cloud's; in pulumi-home lie the plugins, and which stack is selected.
KEPT_IN_HOME = {"toolchain", "pulumi-home"}
KEPT_IN_PULUMI_HOME = {"plugins", "bin", pulumi_home.AUTOMATIC_LOGS}


@dataclass(frozen=True)
class Removed:
    """
    What a reset took away. `dead` are checkouts that no longer exist; `images` are tags.
    """

    instance: str | None
    dead: tuple[Path, ...]
    images: tuple[str, ...]
    images_kept_for: tuple[Path, ...]


def start(checkout: Path) -> tuple[Instance, list[publish.Published]]:
    """
    Have the whole sandbox run, whatever was there before, and the fleet's images published in it.

    Raises: SettingsError before anything is made where what people wrote is not valid; MissingToolError where Docker is
    missing and cannot be installed; FlotillaError.
    """
    zones = publish.check(checkout).environment.all_zones
    docker_host.require_space(checkout)
    log = private_files.folder(home_of(checkout)) / "logs" / "docker.log"
    client = docker_host.ensure(log)
    with docker_host.explained("start the sandbox"):
        docker_host.require_docker_space(client)
        instance = blocks.allocate(checkout)
        with exclusive(instance):
            private_files.folder(instance.pulumi_state)
            credentials.ensure(instance)
            authority.ensure(instance)
            build.ensure(client, images.MACHINE, images.BALANCER, images.REGISTRY, log=log)
            registry.start(instance, client)
            _resume_machines(instance, client)
            supervisor.start(instance)
            _seed_zones(instance, zones)
            _await_machines(instance)
            return instance, publish.publish(instance, client, log)


def stop(checkout: Path) -> Instance | None:
    """
    Stop the daemon, the machines and the registry, and keep everything in them. None where there is no sandbox.
    """
    from sandbox.cloud import machines

    instance = load(checkout)
    if instance is None:
        return None
    with exclusive(instance), docker_host.explained("stop the sandbox"):
        with step("stop the sandbox cloud"):
            supervisor.stop(instance)
        client = docker_host.connect()
        if client is not None:
            with step("stop the machines"):
                machines.pause(instance, client)
            registry.stop(instance, client)
            for container in client.containers.list(filters=labelled.of(instance)):
                container.stop(timeout=5)
    return instance


def reset(checkout: Path, *, with_images: bool = False) -> Removed:
    """
    Remove everything that this checkout's sandbox made, and what checkouts left behind that no longer exist. Never anything
    of a checkout that is there. `with_images` removes the images as well, unless another checkout needs them.

    Raises: MissingToolError when there is a sandbox but Docker does not answer: its containers could not be removed.
    """
    client = docker_host.connect()
    if client is None and load(checkout) is not None:
        raise MissingToolError(
            f"{home_of(checkout)}: there is a sandbox, but Docker does not answer, so its containers cannot be removed. "
            f"Nothing was removed. Start Docker, then run `flotilla sandbox reset` again."
        )
    owners = labelled.owners(client) if client is not None else set()
    mine = load(checkout) or next((owner.as_instance() for owner in owners if owner.id == identity(checkout)), None)
    dead = sorted((owner for owner in owners if owner.is_dead), key=lambda owner: owner.checkout)
    with docker_host.explained("remove the sandbox"):
        for instance in [*([mine] if mine else []), *(owner.as_instance() for owner in dead)]:
            with step(f"remove the sandbox of {instance.checkout}"):
                _remove(instance, client)
        _forget(checkout)
        living = tuple(
            sorted(owner.checkout for owner in owners if not owner.is_dead and (mine is None or owner.id != mine.id))
        )
        removed = build.remove_all(client) if with_images and client is not None and not living else []
    return Removed(
        mine.id if mine else None, tuple(owner.checkout for owner in dead), tuple(removed), living if with_images else ()
    )


@contextmanager
def exclusive(instance: Instance) -> Iterator[None]:
    """
    One start, stop or publish at a time in an instance; a second one waits.
    """
    private_files.folder(instance.home)
    with instance.lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  another `flotilla sandbox` command is at work in this checkout; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _resume_machines(instance: Instance, client: Any) -> None:
    from sandbox.cloud import machines

    with step("start the machines that ran before"):
        machines.resume(instance, client)


def _seed_zones(instance: Instance, zones: Iterable[str]) -> None:
    """
    Have the stack's DNS zones in the cloud, as if somebody had registered these domains there.
    """
    from sandbox.cloud.cloudflare.zones import seed_zone
    from sandbox.cloud.store import Store

    store = Store(instance.database)
    try:
        for zone in zones:
            seed_zone(store, zone)
    finally:
        store.close()


def _await_machines(instance: Instance) -> None:
    """
    A machine that was started a moment ago has its addresses only when the cloud has noticed it.
    """
    from sandbox.cloud import machines

    with step("connect the machines"):
        machines.await_connected(instance)


def _remove(instance: Instance, client: Any) -> None:
    """
    The daemon first, so that it brings nothing back; then all Docker objects; then the images that were published.
    """
    from sandbox.cloud import machines

    supervisor.stop(instance)
    if client is not None:
        machines.remove_everything(instance, client)
        _remove_published(instance, client)
    blocks.release(instance)


def _remove_published(instance: Instance, client: Any) -> None:
    """
    This machine's copies of what was pushed, older versions without a tag included.
    """
    from docker.errors import APIError, ImageNotFound

    prefix = f"{instance.registry_push_address}/"
    for image in client.api.images():
        for name in [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]:
            if name.startswith(prefix):
                try:
                    client.api.remove_image(name)
                except (ImageNotFound, APIError):
                    continue  # gone with another of its names, or in use by somebody else's container


def _forget(checkout: Path) -> None:
    """
    Remove the state of this checkout's sandbox, with the Pulumi state of the cloud that is no longer there.
    """
    releases_file(checkout, publish.STACK).unlink(missing_ok=True)
    home = home_of(checkout)
    _empty(home / "pulumi-home", KEPT_IN_PULUMI_HOME)
    _empty(home, KEPT_IN_HOME)


def _empty(folder: Path, kept: set[str]) -> None:
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if path.name in kept:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
