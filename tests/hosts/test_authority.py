"""
The environment's own authority: the same key makes the same certificates, and they are what clients check.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from hosts import authority

KEY = "the key of an environment that is only there for tests"
OTHER = "the key of another environment, for tests too............"


def leaf(key: str = KEY, name: str = "data-1", address: str = "10.0.1.3") -> x509.Certificate:
    return x509.load_pem_x509_certificate(authority.server(key, name, address).certificate.encode())


def test_the_same_key_makes_the_same_certificates() -> None:
    """To the byte, also in another process; nothing of it is random or depends on the day."""
    program = (
        f"from hosts import authority; print(authority.certificate({KEY!r}), authority.server({KEY!r}, 'data-1', '10.0.1.3'))"
    )
    runs = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout for _ in range(2)
    }
    assert runs == {f"{authority.certificate(KEY)} {authority.server(KEY, 'data-1', '10.0.1.3')}\n"}


def test_another_key_name_or_address_makes_another_one() -> None:
    """Keys are a server's own: one that moves to another address keeps its key, and no two servers have the same."""
    keys = {
        (name, address): authority.server(KEY, name, address).private_key
        for name, address in (("data-1", "10.0.1.3"), ("data-1", "10.0.1.9"), ("data-2", "10.0.1.3"))
    }
    assert keys["data-1", "10.0.1.3"] == keys["data-1", "10.0.1.9"] != keys["data-2", "10.0.1.3"]
    serials = {leaf().serial_number, leaf(address="10.0.1.9").serial_number, leaf(name="data-2").serial_number}
    assert len(serials) == 3
    assert authority.certificate(OTHER) != authority.certificate(KEY)


@pytest.mark.parametrize("subject", [x509.DNSName("data-1"), x509.DNSName("localhost")])
def test_a_client_accepts_the_server_and_no_other(subject: x509.DNSName) -> None:
    """Checked as a client does: by chain, name, dates and purpose; under another environment's authority it is refused."""
    for key, is_accepted in ((KEY, True), (OTHER, False)):
        store = Store([x509.load_pem_x509_certificate(authority.certificate(key).encode())])
        verifier = PolicyBuilder().store(store).time(dt.datetime(2030, 1, 1, tzinfo=dt.UTC)).build_server_verifier(subject)
        if is_accepted:
            assert len(verifier.verify(leaf(), [])) == 2
        else:
            with pytest.raises(VerificationError):
                verifier.verify(leaf(), [])


def test_the_private_key_is_that_of_the_certificate() -> None:
    """In the form that PostgreSQL reads."""
    pair = authority.server(KEY, "data-1", "10.0.1.3")
    own = serialization.load_pem_private_key(pair.private_key.encode(), None)
    assert own.public_key() == leaf().public_key()
    assert pair.private_key.startswith("-----BEGIN PRIVATE KEY-----")


def test_nothing_slow_is_imported_before_it_is_needed() -> None:
    """A preview names certificates' files without making any."""
    program = "import sys, hosts.authority; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=Path(__file__).parents[2]).returncode == 0
