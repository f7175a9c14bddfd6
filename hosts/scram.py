"""
What a database server keeps of a password: enough to check it by, too little to log in with.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

# PostgreSQL's default, `scram_iterations`. The passwords are of 256 bits: more would protect from nothing.
ITERATIONS = 4096
SALT_BYTES = 16


def verifier(user: str, password: str) -> str:
    """
    The verifier of a user's password, as `pg_authid` and pgbouncer's `userlist.txt` have it. The salt is the user's own, and
    always the same one: so are both places, and they are seen to be right without the password.

    Source: RFC 5802, section 3, and PostgreSQL 15, src/common/scram-common.c; read 2026-11-26.
    """
    salt = hashlib.sha256(f"flotilla/scram/1/{user}".encode()).digest()[:SALT_BYTES]
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    return f"SCRAM-SHA-256${ITERATIONS}:{_text(salt)}${_text(stored)}:{_text(server)}"


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
