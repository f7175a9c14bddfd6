"""
What a server keeps of a password.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from hosts import scram


def test_a_verifier_is_what_postgresql_makes() -> None:
    """Checked as a server checks a client that knows the password (RFC 5802, section 3), and one that does not."""
    kind, numbers, keys = scram.verifier("ledger_app_1", "a password").split("$")
    iterations, salt = numbers.split(":")
    stored, server = (base64.b64decode(part) for part in keys.split(":"))
    assert (kind, iterations) == ("SCRAM-SHA-256", "4096")
    for password, is_right in (("a password", True), ("another", False)):
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(iterations))
        client = hmac.digest(salted, b"Client Key", "sha256")
        assert (hashlib.sha256(client).digest() == stored) is is_right
        assert (hmac.digest(salted, b"Server Key", "sha256") == server) is is_right


def test_it_is_always_the_same_and_everybodys_own() -> None:
    """So that two places can be compared; users with one password have different ones."""
    assert scram.verifier("a", "x") == scram.verifier("a", "x")
    assert len({scram.verifier("a", "x"), scram.verifier("b", "x"), scram.verifier("a", "y")}) == 3
