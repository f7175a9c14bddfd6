"""
One sandbox per checkout: who it is, and how that is written down.

An instance is known by its checkout's path and owns one block of loopback addresses. Two checkouts on one machine never share
a block, a Docker name or a file. Nothing here starts or stops anything; `blocks.py` makes new instances.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import SettingsError
from sandbox.addresses import BLOCKS, Addresses
from sandbox.files import Files, file_of

INSTANCE_LABEL = "flotilla.instance"
CHECKOUT_LABEL = "flotilla.checkout"
BLOCK_LABEL = "flotilla.block"
HOST_LABEL = "flotilla.host"  # a checkout's path means something only on the host that has it: Docker may be shared


@dataclass(frozen=True)
class Instance(Addresses, Files):
    """
    The sandbox of one checkout. Names, addresses and paths are pure functions of the three fields.
    """

    id: str
    checkout: Path
    block: int

    @property
    def labels(self) -> dict[str, str]:
        """
        What every Docker object of this instance carries, so that it is found again even when the state files are lost.
        """
        return {
            INSTANCE_LABEL: self.id,
            CHECKOUT_LABEL: str(self.checkout),
            BLOCK_LABEL: str(self.block),
            HOST_LABEL: socket.gethostname(),
        }

    def name(self, *parts: str | int) -> str:
        """
        The Docker name of something of this instance: flotilla-<id>-<part>-<part>.
        """
        return "-".join(["flotilla", self.id, *map(str, parts)])

    @property
    def network_name(self) -> str:
        """
        The Docker network that is the machines' uplink.
        """
        return self.name("public")

    @property
    def gateway_name(self) -> str:
        """
        The container that does for the machines what needs the host: packet rules and loop devices.
        """
        return self.name("gateway")

    @property
    def registry_name(self) -> str:
        """
        The container that serves images by digest.
        """
        return self.name("registry")


def identity(checkout: Path) -> str:
    """
    The instance's id: 8 hex digits of the sha256 of the checkout's real path.
    """
    return hashlib.sha256(str(checkout.resolve()).encode()).hexdigest()[:8]


def exists(checkout: Path) -> bool:
    """
    True unless the folder is certainly gone; one that may not be looked into belongs to somebody.
    """
    try:
        return checkout.is_dir()
    except PermissionError:
        return True


def load(checkout: Path) -> Instance | None:
    """
    The instance of this checkout, or None where there is none yet (a copied folder does not count: its path differs).

    Raises: SettingsError when instance.json cannot be understood.
    """
    checkout = checkout.resolve()
    path = file_of(checkout)
    try:
        document = json.loads(path.read_text())
        stored_id, block = _fields(document)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise SettingsError(
            f"{path}: not an instance description ({error}). The sandbox of this checkout cannot be told. "
            f"Delete the file and run `flotilla sandbox start`: it is written anew."
        ) from error
    return Instance(stored_id, checkout, block) if stored_id == identity(checkout) else None


def save(instance: Instance) -> None:
    """
    Write instance.json at once or not at all; the folder becomes readable by its owner only.
    """
    instance.home.mkdir(mode=0o700, exist_ok=True)
    instance.home.chmod(0o700)
    document = {"id": instance.id, "checkout": str(instance.checkout), "block": instance.block}
    draft = instance.file.with_suffix(".new")
    draft.write_text(json.dumps(document, indent=2) + "\n")
    draft.replace(instance.file)


def _fields(document: Any) -> tuple[str, int]:
    """
    Raises: ValueError with what is wrong.
    """
    if not isinstance(document, dict):
        raise ValueError("not an object")
    stored_id, block = document.get("id"), document.get("block")
    if not isinstance(stored_id, str) or not re.fullmatch(r"[0-9a-f]{8}", stored_id):
        raise ValueError("id is not 8 hex digits")
    if not isinstance(block, int) or isinstance(block, bool) or block not in BLOCKS:
        raise ValueError("block is not a number from 0 to 255")
    return stored_id, block
