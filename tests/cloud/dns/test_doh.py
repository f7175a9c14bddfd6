"""
DNS over HTTPS, asked by httpx and by the real curl against a real TLS server.
"""

from __future__ import annotations

import base64
import ipaddress
import ssl
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dns.message
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from fastapi import FastAPI

from sandbox.cloud.dns.doh import create_app
from sandbox.cloud.store import Document, Store

Publish = Callable[..., Document]
Serve = Callable[..., str]

TYPE = "application/dns-message"


class Authority:
    """
    A certificate authority for one test.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        usage = x509.KeyUsage(
            *(name in ("cert", "crl") for name in ("sig", "con", "key", "dat", "agr", "cert", "crl", "enc", "dec"))
        )
        certificate = (
            self._builder(self.name, self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self.key, hashes.SHA256())
        )
        self.file = folder / "ca.crt"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, *names: x509.GeneralName) -> dict[str, Path]:
        """
        A certificate for these names, as the options that uvicorn takes.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            self._builder(x509.Name([]), key.public_key())
            .add_extension(x509.SubjectAlternativeName(names), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        files = {"ssl_certfile": self.folder / f"{id(key)}.crt", "ssl_keyfile": self.folder / f"{id(key)}.key"}
        files["ssl_certfile"].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        files["ssl_keyfile"].write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        return files

    def _builder(self, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=1))
        )


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """
    A new authority.
    """
    return Authority(tmp_path)


@pytest.fixture
def url(store: Store, serve: Serve, authority: Authority) -> str:
    """
    The address of DNS over HTTPS, its certificate valid for the IP address as in the sandbox.
    """
    certificate = authority.issue(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    return f"{serve(create_app(store), **certificate)}/dns-query"


@pytest.fixture
def https(authority: Authority) -> httpx.Client:
    """
    An HTTP client that trusts the authority.
    """
    return httpx.Client(verify=ssl.create_default_context(cafile=authority.file))


def wire(name: str = "www.flotilla.test", kind: str = "A") -> bytes:
    query = dns.message.make_query(name, kind)
    query.id = 0
    return query.to_wire()


def test_post_and_get_give_the_same_answer(url: str, https: httpx.Client, publish: Publish) -> None:
    """Both forms of RFC 8484 are served, and no cache may keep the answer."""
    publish("www", "A", "127.10.1.11")
    text = base64.urlsafe_b64encode(wire()).rstrip(b"=").decode()
    posted = https.post(url, content=wire(), headers={"content-type": TYPE})
    got = https.get(url, params={"dns": text})
    assert posted.content == got.content
    assert (posted.status_code, posted.headers["content-type"], posted.headers["cache-control"]) == (200, TYPE, "max-age=0")
    assert dns.message.from_wire(got.content).answer[0][0].to_text() == "127.10.1.11"


def test_a_large_answer_is_never_truncated(url: str, https: httpx.Client, publish: Publish) -> None:
    """HTTPS has no limit of 512 bytes."""
    for number in range(60):
        publish("many", "A", f"127.10.1.{number}")
    reply = https.post(url, content=wire("many.flotilla.test"), headers={"content-type": TYPE})
    assert len(dns.message.from_wire(reply.content).answer[0]) == 60


@pytest.mark.parametrize(
    ("method", "params", "content", "content_type", "status"),
    [
        ("GET", {}, b"", "", 400),
        ("GET", {"dns": "!"}, b"", "", 400),
        ("GET", {"dns": "é"}, b"", "", 400),
        ("GET", {"dns": "AAAA"}, b"", "", 400),
        ("POST", {}, b"noise", TYPE, 400),
        ("POST", {}, wire(), "application/json", 415),
        ("POST", {}, wire(), "", 415),
        ("POST", {}, b"x" * 65536, TYPE, 413),
        ("PUT", {}, wire(), TYPE, 405),
    ],
)
def test_what_is_no_query_is_refused(
    url: str, https: httpx.Client, method: str, params: dict[str, str], content: bytes, content_type: str, status: int
) -> None:
    """Each kind of bad request has its HTTP status (RFC 8484, 4.2.1)."""
    answer = https.request(method, url, params=params, content=content, headers={"content-type": content_type})
    assert answer.status_code == status


def test_curl_finds_a_site_by_its_name(url: str, serve: Serve, authority: Authority, publish: Publish) -> None:
    """The command line that the sandbox prints works: name by DNS over HTTPS, both TLS certificates from the one authority."""
    site = FastAPI()
    site.add_api_route("/", lambda: "hello from the guestbook")
    address = serve(site, **authority.issue(x509.DNSName("guestbook.flotilla.test")))
    publish("guestbook", "A", "127.0.0.1")
    command = [
        "curl",
        "--silent",
        "--show-error",
        "--fail",
        "--noproxy",
        "*",
        "--doh-url",
        url,
        "--cacert",
        str(authority.file),
    ]

    def curl(host: str) -> subprocess.CompletedProcess[str]:
        target = address.replace("127.0.0.1", host)
        return subprocess.run([*command, f"{target}/"], capture_output=True, text=True, timeout=30, check=False)

    found = curl("guestbook.flotilla.test")
    assert (found.returncode, found.stdout, found.stderr) == (0, '"hello from the guestbook"', "")
    assert curl("nobody.flotilla.test").returncode == 6
