"""
The sandbox's certificates, tried with real TLS connections.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from sandbox import authority
from sandbox.instance import Instance


def _handshake(certificate: Path, key: Path, trust: Path, name: str) -> None:
    """
    One TLS connection over loopback, as any client makes it.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                try:
                    server.wrap_socket(connection, server_side=True).close()
                except OSError:
                    return  # the client did not like the certificate, which is what it will say itself

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            client = ssl.create_default_context(cafile=str(trust))
            with socket.create_connection(listener.getsockname()) as plain, client.wrap_socket(plain, server_hostname=name):
                pass
        finally:
            thread.join()


@pytest.mark.parametrize("name", ["registry.flotilla.test", "127.10.253.1"])
def test_services_are_trusted_by_name_and_by_address(instance: Instance, name: str) -> None:
    """A client that trusts the authority accepts the services under their name and on their address."""
    authority.ensure(instance)
    _handshake(instance.services_certificate, instance.services_key, instance.ca_certificate, name)


def test_services_are_not_trusted_on_another_instances_address(instance: Instance) -> None:
    """The certificate is good for this instance only."""
    authority.ensure(instance)
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(instance.services_certificate, instance.services_key, instance.ca_certificate, "127.10.0.1")


@pytest.mark.parametrize(
    ("name", "is_allowed"),
    [("shop.flotilla.test", True), ("127.10.3.11", True), ("example.com", False), ("192.0.2.1", False)],
)
def test_authority_cannot_speak_for_the_outside(instance: Instance, tmp_path: Path, name: str, is_allowed: bool) -> None:
    """A certificate for a real name or address is refused by clients, though the authority's own key signed it."""
    authority.ensure(instance)
    certificate, key = _signed_by(instance, name, tmp_path)
    if is_allowed:
        _handshake(certificate, key, instance.ca_certificate, name)
    else:
        with pytest.raises(ssl.SSLCertVerificationError, match="subtree"):
            _handshake(certificate, key, instance.ca_certificate, name)


def test_nothing_changes_while_all_is_well(instance: Instance) -> None:
    """A second run leaves every file as it is: machines already trust this authority."""
    authority.ensure(instance)
    before = {path: path.read_bytes() for path in instance.ca.iterdir()}
    authority.ensure(instance)
    assert {path: path.read_bytes() for path in instance.ca.iterdir()} == before


def test_keys_are_closed_to_others(instance: Instance) -> None:
    """Private keys are readable by their owner only."""
    authority.ensure(instance)
    modes = {path.name: path.stat().st_mode & 0o777 for path in instance.ca.iterdir()}
    assert modes == {"root.key": 0o600, "services.key": 0o600, "root.crt": 0o644, "services.crt": 0o644}


def test_certificate_of_another_address_is_renewed_under_the_same_authority(instance: Instance) -> None:
    """After a change of block the services get a new certificate; the authority that others trust stays."""
    authority.ensure(instance)
    root, moved = instance.ca_certificate.read_bytes(), Instance(instance.id, instance.checkout, 252)
    authority.ensure(moved)
    assert instance.ca_certificate.read_bytes() == root
    _handshake(moved.services_certificate, moved.services_key, moved.ca_certificate, "127.10.252.1")


@pytest.mark.parametrize("half", ["services.key", "services.crt", "root.key", "root.crt"])
def test_half_a_pair_is_made_whole(instance: Instance, half: str) -> None:
    """Whichever file an interruption left missing or of another pair, a second run gives certificates that work."""
    authority.ensure(instance)
    other = Instance("0a1b2c3d", instance.checkout / "other", instance.block)
    authority.ensure(other)
    (instance.ca / half).write_bytes((other.ca / half).read_bytes())
    authority.ensure(instance)
    _handshake(instance.services_certificate, instance.services_key, instance.ca_certificate, "registry.flotilla.test")
    (instance.ca / half).unlink()
    authority.ensure(instance)
    _handshake(instance.services_certificate, instance.services_key, instance.ca_certificate, "registry.flotilla.test")


def test_root_is_valid_for_ten_years(instance: Instance) -> None:
    """Nobody has to trust a new authority every few months."""
    authority.ensure(instance)
    root = x509.load_pem_x509_certificate(instance.ca_certificate.read_bytes())
    assert root.not_valid_after_utc - dt.datetime.now(dt.UTC) > dt.timedelta(days=3650)


def _signed_by(instance: Instance, name: str, folder: Path) -> tuple[Path, Path]:
    """
    A leaf for any name, signed with the instance's authority.
    """
    root = x509.load_pem_x509_certificate(instance.ca_certificate.read_bytes())
    root_key = load_pem_private_key(instance.ca_key.read_bytes(), None)
    assert isinstance(root_key, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    is_address = name.replace(".", "").isdigit()
    subject = x509.IPAddress(ipaddress.ip_address(name)) if is_address else x509.DNSName(name)
    now = dt.datetime.now(dt.UTC)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(root.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([subject]), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    certificate_path, key_path = folder / "leaf.crt", folder / "leaf.key"
    certificate_path.write_bytes(leaf.public_bytes(Encoding.PEM))
    key_path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate_path, key_path
