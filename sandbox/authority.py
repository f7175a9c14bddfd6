"""
The sandbox's certificate authority, and the certificate of its own services.

The authority may only speak for names under .test and for loopback addresses: whoever comes to trust it by mistake, or gets
hold of its key, gains nothing outside of this machine.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox import private_files
from sandbox.addresses import REGISTRY_HOST, ZONE
from sandbox.instance import Instance

ROOT_DAYS = 3653
LEAF_DAYS = 397  # what browsers accept at most
RENEW_DAYS = 30
Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]
PERMITTED = (
    x509.DNSName("test"),
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_network("127.0.0.0/8")),
    x509.IPAddress(ipaddress.ip_network("::1/128")),
)


def ensure(instance: Instance) -> None:
    """
    Make the authority if there is none, and the services' certificate where it is missing, old, or another address's.
    """
    root, root_key = _load(instance.ca_certificate, instance.ca_key) or _make_root(instance)
    leaf = _load(instance.services_certificate, instance.services_key)
    if leaf is None or not _serves(leaf[0], root, instance):
        _make_leaf(instance, root, root_key)


def _make_root(instance: Instance) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Flotilla sandbox {instance.id}")])
    certificate = (
        _builder(name, name, key.public_key(), ROOT_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=True), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=PERMITTED, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write(instance.ca_certificate, instance.ca_key, certificate, key)
    return certificate, key


def _make_leaf(instance: Instance, root: x509.Certificate, root_key: ec.EllipticCurvePrivateKey) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    names = [
        x509.DNSName(REGISTRY_HOST),
        x509.DNSName(f"dns.{ZONE}"),
        x509.IPAddress(ipaddress.ip_address(instance.services_ip)),
    ]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, REGISTRY_HOST)])
    certificate = (
        _builder(subject, root.subject, key.public_key(), LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    _write(instance.services_certificate, instance.services_key, certificate, key)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _serves(leaf: x509.Certificate, root: x509.Certificate, instance: Instance) -> bool:
    """
    True while the certificate is good for this instance's address for a month more.
    """
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = [str(address) for address in names.get_values_for_type(x509.IPAddress)]
    left = leaf.not_valid_after_utc - dt.datetime.now(dt.UTC)
    try:
        leaf.verify_directly_issued_by(root)
    except (InvalidSignature, ValueError):
        return False
    return instance.services_ip in addresses and left > dt.timedelta(days=RENEW_DAYS)


def _load(certificate_path: Path, key_path: Path) -> Pair | None:
    """
    A valid certificate and its own key, or None: a crash may have left only one of the two, or one of an older pair.
    """
    try:
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
        key = load_pem_private_key(key_path.read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        return None
    is_valid = certificate.not_valid_after_utc > dt.datetime.now(dt.UTC)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not is_valid or key.public_key() != certificate.public_key():
        return None
    return certificate, key


def _write(certificate_path: Path, key_path: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    private_files.write(key_path, key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    private_files.write(certificate_path, certificate.public_bytes(Encoding.PEM), mode=0o644)
