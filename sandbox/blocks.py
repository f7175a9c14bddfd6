"""
Choosing a block of loopback addresses for an instance, so that two checkouts on one machine never collide.

A block is somebody's when a claim in the user's cache folder says so, when a Docker object is labelled with it, or when one of
its service ports cannot be bound. Claims of checkouts that are gone count for nothing.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.errors import FlotillaError
from sandbox import ports
from sandbox.addresses import BLOCKS, TCP_PORTS, services_ip
from sandbox.instance import Instance, exists, identity, load, save

# The instance's own things: what a copied or moved checkout must not take over from the one that it was copied from.
STATE_OF_ONE_INSTANCE = (
    "instance.json", "secrets", "ca", "ssh", "pulumi", "cloud.sqlite", "cloud.sqlite-wal", "cloud.sqlite-shm",
    "cloud.pid", "seeds",
)  # fmt: skip


def allocate(checkout: Path) -> Instance:
    """
    The instance of this checkout, made if there is none: with a block that nobody else on this machine uses.

    Raises: FlotillaError when no block is free.
    """
    checkout = checkout.resolve()
    instance = load(checkout)
    if instance is not None:
        return instance
    with _lock():
        return load(checkout) or _made(checkout)


def release(instance: Instance) -> None:
    """
    Give the block back; no error when it was never claimed.
    """
    with _lock():
        _claim_file(instance.id).unlink(missing_ok=True)


def claims_folder() -> Path:
    """
    Where the instances of this user are noted, one file per instance.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "flotilla" / "instances"


def _made(checkout: Path) -> Instance:
    """
    A new instance; it has the block that it had before, where its instance.json was lost and the block is still free.
    """
    mine = identity(checkout)
    taken = _claimed(except_id=mine)
    before = _labelled()
    taken |= {block for owner, block in before if owner != mine}
    remembered = [block for owner, block in before if owner == mine] + _claims().get(mine, [])
    block = next((block for block in remembered if block not in taken), None)
    instance = Instance(mine, checkout, _first_free(taken) if block is None else block)
    _set_aside_foreign_state(instance)
    save(instance)
    _claim(instance)
    return instance


def _first_free(taken: set[int]) -> int:
    busy: list[ports.Taken] = []
    for block in BLOCKS:
        if block in taken:
            continue
        found = ports.taken(services_ip(block))
        if not found:
            return block
        busy = busy or found
    reason = f"{busy[0]} is taken" if busy else "every block belongs to another checkout"
    raise FlotillaError(
        f"127.10.0.0/16: no free block of addresses, {reason}. The sandbox needs ports {', '.join(map(str, TCP_PORTS))} on an "
        f"address of its own, and was not started. Stop what holds them, or run `flotilla sandbox reset` in a checkout that is "
        f"no longer needed."
    )


def _labelled() -> list[tuple[str, int]]:
    """
    Instance id and block of everything that Docker knows; nothing where no daemon answers yet.
    """
    from sandbox import docker_host, labelled

    client = docker_host.connect()
    return [] if client is None else [(owner.id, owner.block) for owner in labelled.owners(client)]


def _claims() -> dict[str, list[int]]:
    """
    The claimed block by instance id, of checkouts that still exist.
    """
    found: dict[str, list[int]] = {}
    for path in sorted(claims_folder().glob("*.json")):
        try:
            document = json.loads(path.read_text())
            checkout, block = Path(document["checkout"]), int(document["block"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if exists(checkout):
            found[path.stem] = [block]
        else:
            path.unlink(missing_ok=True)
    return found


def _claimed(except_id: str) -> set[int]:
    return {block for owner, blocks in _claims().items() if owner != except_id for block in blocks}


def _claim(instance: Instance) -> None:
    document = {"checkout": str(instance.checkout), "block": instance.block}
    _claim_file(instance.id).write_text(json.dumps(document) + "\n")


def _claim_file(instance_id: str) -> Path:
    return claims_folder() / f"{instance_id}.json"


def _set_aside_foreign_state(instance: Instance) -> None:
    """
    In a copied or moved checkout, keep the other instance's state out of the way: its cloud is not this checkout's.
    """
    try:
        stored_id = json.loads(instance.file.read_text()).get("id")
    except (OSError, ValueError, AttributeError):
        return
    if stored_id == instance.id or not isinstance(stored_id, str) or not stored_id.isalnum():
        return
    aside = instance.home / f"copied-from-{stored_id}"
    aside.mkdir(mode=0o700, exist_ok=True)
    for name in STATE_OF_ONE_INSTANCE:
        if (instance.home / name).exists():
            (instance.home / name).replace(aside / name)


@contextmanager
def _lock() -> Iterator[None]:
    """
    One allocation at a time on this machine and user.
    """
    folder = claims_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
