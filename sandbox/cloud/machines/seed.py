"""
The cloud-init seed of a machine (data source NoCloud): the request's user data as it is, and who the machine is.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from sandbox.cloud.machines.model import Seed
from sandbox.instance import Instance


def folder(instance: Instance, server_id: int) -> Path:
    """
    Where a server's seed lies; mounted read-only into its machine.
    """
    return instance.seeds / str(server_id)


def render(seed: Seed, server_id: int, hostname: str, generation: int) -> dict[str, str]:
    """
    Name and content of the seed's files. A new generation (after a rebuild) makes cloud-init run its first boot again.

    JSON is valid YAML: nothing that a user wrote needs quoting of its own.
    """
    vendor: dict[str, object] = {"disable_root": False, "ssh_pwauth": seed.root_password is not None}
    if seed.root_password is not None:
        vendor["chpasswd"] = {"expire": False, "list": f"root:{seed.root_password}"}
    metadata = {
        "instance-id": f"{server_id}-{generation}",
        "local-hostname": hostname,
        "public-keys": list(seed.public_keys),
    }
    return {
        "user-data": seed.user_data or "#cloud-config\n",
        "meta-data": json.dumps(metadata, indent=2) + "\n",
        "vendor-data": "#cloud-config\n" + json.dumps(vendor, indent=2) + "\n",
    }


def write(instance: Instance, seed: Seed, server_id: int, hostname: str, generation: int) -> Path:
    """
    Write the seed; it may hold secrets, so only the owner can read it.
    """
    target = folder(instance, server_id)
    instance.seeds.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.mkdir(mode=0o700, exist_ok=True)
    for name, content in render(seed, server_id, hostname, generation).items():
        path = target / name
        path.touch(mode=0o600)
        path.write_text(content)
    return target


def remove(instance: Instance, server_id: int) -> None:
    """
    Forget a server's seed.
    """
    shutil.rmtree(folder(instance, server_id), ignore_errors=True)
