"""
The images that the sandbox is made of. Their tags carry a hash of their inputs: a tag that exists is up to date.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
BASE = "base"
MACHINE = "machine"
REGISTRY = "registry"
CADDY = "caddy"
PLATFORM = (CADDY, "haproxy")  # what a release file calls the platform: pushed to the registry like a project's image
BALANCER = "haproxy"  # what the emulated cloud's load balancers run
DEBIAN = "debian:bookworm"
IMAGE_LABEL = "flotilla.image"


def machine_image() -> str:
    """
    The tag of the machine image, which the gateway uses as well.
    """
    return tag(MACHINE)


def balancer_image() -> str:
    """
    The tag of the load balancers' image.
    """
    return tag(BALANCER)


@cache
def tag(name: str) -> str:
    """
    The tag of one of the sandbox's images, for example flotilla/machine:0a1b2c3d4e5f. A pure function of the image's folder.
    """
    return f"flotilla/{name}:{_digest(name)[:12]}"


def _digest(name: str) -> str:
    inputs = hashlib.sha256(b"" if name == BASE else tag(BASE).encode())
    folder = FOLDER / name
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            inputs.update(f"{path.relative_to(folder)} {len(content)}\n".encode())
            inputs.update(content)
    return inputs.hexdigest()
