"""
SSH keys derived from the environment's key, for servers that log in to each other.

The private key is written here and not by a library: OpenSSH's format has a random number in it, which exists only to tell a
wrong passphrase by. Derived too, the same key makes the same file, and a converge finds nothing to change.
Source: openssh-portable, PROTOCOL.key and PROTOCOL (ssh-ed25519), read 2026-11-26.
"""

from __future__ import annotations

import base64
import textwrap

from hosts import keys

_KIND = b"ssh-ed25519"
_LINE = 70


def public(key: str, *purpose: str) -> str:
    """
    `ssh-ed25519 AAAA...`
    """
    return f"{_KIND.decode()} {base64.b64encode(_public_blob(_raw_public(keys.raw(key, *purpose)))).decode()}"


def private(key: str, *purpose: str) -> str:
    """
    The private key as OpenSSH reads it.
    """
    seed = keys.raw(key, *purpose)
    point = _raw_public(seed)
    check = keys.raw(key, *purpose, "check")[:4]
    inner = check * 2 + _text(_KIND) + _text(point) + _text(seed + point) + _text(b"flotilla")
    inner += bytes(range(1, 1 + -len(inner) % 8))
    blob = b"openssh-key-v1\0" + _text(b"none") * 2 + _text(b"") + (1).to_bytes(4) + _text(_public_blob(point)) + _text(inner)
    lines = textwrap.wrap(base64.b64encode(blob).decode(), _LINE)
    return "\n".join(["-----BEGIN OPENSSH PRIVATE KEY-----", *lines, "-----END OPENSSH PRIVATE KEY-----", ""])


def _raw_public(seed: bytes) -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    shape = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(*shape)


def _public_blob(point: bytes) -> bytes:
    return _text(_KIND) + _text(point)


def _text(content: bytes) -> bytes:
    return len(content).to_bytes(4) + content
