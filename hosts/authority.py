"""
The environment's own certificate authority, for connections between its servers: databases first.

Everything is derived from the environment's key: the same key makes the same certificates, to the byte. So nothing has to be
stored, and a server that is lost gets its own again. Clients trust `certificate` and check names (`sslmode=verify-full`);
browsers have nothing to do with it.

The keys are of the curve P-256, and sign as RFC 6979 has it. Not Ed25519: PostgreSQL's clients bind passwords to the
connection's certificate, and refuse one of that kind ("could not find digest", libpq 15).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import ipaddress
from typing import TYPE_CHECKING, NamedTuple

from hosts import keys

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

# Fixed, because dates that move would make other certificates. Who has the key of the environment can make any of them at any
# time; a shorter life would protect from nothing, and end one day without anybody's doing.
FIRST_DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
LAST_DAY = dt.datetime(2049, 12, 31, tzinfo=dt.UTC)
# How many points the curve P-256 has. Source: NIST SP 800-186, 3.2.1.3; read 2026-11-26.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
LOOPBACK = ("127.0.0.1", "::1")


class Pair(NamedTuple):
    """
    A certificate and its private key, as PEM.
    """

    certificate: str
    private_key: str


def certificate(key: str) -> str:
    """
    What clients trust, as PEM.
    """
    return _pem(_root(key))


def server(key: str, name: str, address: str) -> Pair:
    """
    What a server shows: for its name, its private address, and its own loopback, which tunnels lead to.
    """
    # Here, not above: it takes longer than everything else in a preview, which needs none of it.
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509.oid import ExtendedKeyUsageOID

    root, own = _root(key), _private_key(key, "authority", name)
    names: list[x509.GeneralName] = [x509.DNSName(name), x509.DNSName("localhost")]
    names += [x509.IPAddress(ipaddress.ip_address(found)) for found in (address, *LOOPBACK)]
    builder = (
        _builder(own, name, root.subject, f"{name} {address}")
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(_private_key(key, "authority").public_key()), critical=False
        )
    )
    private_key = own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Pair(_pem(_sign(builder, key)), private_key.decode())


def _root(key: str) -> x509.Certificate:
    from cryptography import x509

    own = _private_key(key, "authority")
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Flotilla servers")])
    builder = (
        _builder(own, "Flotilla servers", subject, "authority")
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_authority=True), critical=True)
    )
    return _sign(builder, key)


def _private_key(key: str, *purpose: str) -> EllipticCurvePrivateKey:
    """
    Any number from 1 to the order less 1 is one.
    """
    from cryptography.hazmat.primitives.asymmetric import ec

    number = int.from_bytes(keys.raw(key, *purpose)) % (ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


def _sign(builder: x509.CertificateBuilder, key: str) -> x509.Certificate:
    from cryptography.hazmat.primitives import hashes

    return builder.sign(_private_key(key, "authority"), hashes.SHA256(), ecdsa_deterministic=True)


def _builder(own: EllipticCurvePrivateKey, name: str, issuer: x509.Name, serial: str) -> x509.CertificateBuilder:
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    public = own.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    digest = hashlib.sha256(serial.encode() + b"\0" + public).digest()
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(own.public_key())
        # RFC 5280, 4.1.2.2: positive, and of 20 bytes at most. Read 2026-11-26.
        .serial_number(int.from_bytes(digest[:20]) >> 1 | 1)
        .not_valid_before(FIRST_DAY)
        .not_valid_after(LAST_DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
    )


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    from cryptography import x509

    unused = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only")
    return x509.KeyUsage(
        digital_signature=not is_authority, key_cert_sign=is_authority, crl_sign=is_authority, **dict.fromkeys(unused, False)
    )


def _pem(found: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding

    return found.public_bytes(Encoding.PEM).decode()
