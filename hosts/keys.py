"""
Passwords and keys of an environment, derived from its one key: nothing has to be stored, and nothing gets lost with a server.

The key is `flotilla:secrets.key` in the stack's file, encrypted. Whoever has it can make all others again, also when every
server is gone; none of the others tells anything about it. A password is renewed by asking for its next generation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

KEY_MINIMUM_LENGTH = 32
# RFC 5869, section 2.2: the salt keeps these apart from any other use of the same key.
_SALT = b"flotilla/keys/1"


def secret(key: str, *purpose: str | int) -> str:
    """
    43 letters, digits, `-` and `_` (256 bits) for a purpose such as `("postgresql", "ledger", "app", 1)`.
    """
    return base64.urlsafe_b64encode(raw(key, *purpose)).decode().rstrip("=")


def raw(key: str, *purpose: str | int) -> bytes:
    """
    32 bytes for a purpose. HKDF with SHA-256, of one block. Source: RFC 5869, read 2026-11-26.
    """
    if len(key) < KEY_MINIMUM_LENGTH:
        raise ValueError(f"the environment's key has fewer than {KEY_MINIMUM_LENGTH} characters")
    extracted = hmac.digest(_SALT, key.encode(), hashlib.sha256)
    # Each part with its length in front: ("a", "bc") is not ("ab", "c").
    info = b"".join(len(part).to_bytes(4) + part for part in (str(part).encode() for part in purpose))
    return hmac.digest(extracted, info + b"\x01", hashlib.sha256)
