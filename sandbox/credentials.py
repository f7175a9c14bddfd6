"""
The tokens and the SSH key of an instance: made once, random, readable by their owner only.
"""

from __future__ import annotations

import secrets
import string

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from sandbox import private_files
from sandbox.instance import Instance

ALPHABET = string.ascii_letters + string.digits
# The lengths that the official clients and plugins insist on.
HCLOUD_TOKEN_LENGTH = 64
CLOUDFLARE_TOKEN_LENGTH = 40


def ensure(instance: Instance) -> None:
    """
    Make what is missing; what is there stays as it is.
    """
    for path, length in (
        (instance.hcloud_token_file, HCLOUD_TOKEN_LENGTH),
        (instance.cloudflare_token_file, CLOUDFLARE_TOKEN_LENGTH),
    ):
        if not path.is_file():
            private_files.write(path, _random(length).encode())
    if not (instance.ssh_key.is_file() and instance.ssh_public_key.is_file()):
        _make_ssh_key(instance)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _make_ssh_key(instance: Instance) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    private_files.write(instance.ssh_key, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    private_files.write(instance.ssh_public_key, public + f" flotilla-sandbox-{instance.id}\n".encode(), mode=0o644)
