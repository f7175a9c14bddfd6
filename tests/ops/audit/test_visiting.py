"""
Sites and ports as they are seen from here, against servers of this computer that speak real TLS.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ops.audit import outside, visiting
from ops.audit.catalog import CHECKS
from ops.audit.rule import run
from ops.audit.scene import Scene, Site

NAME = "site.flotilla.test"
ADDRESS = "127.0.0.1"
ANSWER = b"HTTP/1.1 308 Permanent Redirect\r\nLocation: https://site.flotilla.test/there\r\nX-Odd:  a: b \r\n\r\n"
DAY = timedelta(days=1)


def certificate(folder: Path, *, begins: timedelta, ends: timedelta) -> Path:
    """
    A certificate of its own authority, with its key, in one file; from and until when, seen from now.
    """
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now + begins, now + ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


@contextmanager
def serving(context: ssl.SSLContext | None, answer: bytes = ANSWER) -> Iterator[int]:
    """
    A port that gives every request this answer.
    """
    listener = socket.create_server((ADDRESS, 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                secured = context.wrap_socket(connection, server_side=True) if context else connection
                secured.recv(4096)
                secured.sendall(answer)
                secured.close()
            except OSError:
                connection.close()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


Look = Callable[..., dict[str, Any]]


@pytest.fixture
def look(tmp_path: Path) -> Iterator[Look]:
    """
    What is seen of a site with a certificate like this, and what is trusted.
    """
    with ExitStack() as stack:

        def visit(
            *, begins: timedelta, ends: timedelta, is_trusted: bool = True, adjust: Callable[..., None] = lambda _: None
        ) -> Any:
            pem = certificate(tmp_path, begins=begins, ends=ends)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(pem)
            adjust(context)
            secure, plain = stack.enter_context(serving(context)), stack.enter_context(serving(None))
            trust = visiting.trusting(pem if is_trusted else None)
            return asyncio.run(visiting.site(visiting.Visit(name=NAME, address=ADDRESS, port=secure, plain_port=plain), trust))

        yield visit


def told(sections: dict[str, Any]) -> set[tuple[str, str]]:
    """
    What the check `tls` says of it: (id, severity).
    """
    scene = Scene(
        now=datetime.now(UTC).timestamp(),
        outputs={"environment": {"stack": "local"}, "projects": {"site": {"maintenance": False}}},
        wanted={},
        sites=(Site(name=NAME, project="site", address=ADDRESS, target="https://elsewhere.test", sections=sections),),
    )
    return {(finding.id, finding.severity.value) for finding in run(CHECKS["tls"], scene)[0]}


def test_a_good_site_is_seen_whole(look: Look) -> None:
    """Status, where it leads, headers, certificate and protocols; nothing is wrong with its TLS."""
    seen = look(begins=-30 * DAY, ends=60 * DAY)

    assert seen["https"]["data"]["status"] == seen["http"]["data"]["status"] == 308
    assert seen["https"]["data"]["location"] == "https://site.flotilla.test/there"
    assert seen["https"]["data"]["headers"]["x-odd"] == "a: b"
    assert seen["tls"]["data"]["version"] == "TLSv1.3"
    assert seen["tls"]["data"]["protocols"] == {"TLSv1": False, "TLSv1.1": False}
    assert told(seen) == set()


def test_an_expired_certificate_is_told_and_the_site_is_looked_at_all_the_same(look: Look) -> None:
    """Once, as expired."""
    seen = look(begins=-90 * DAY, ends=-1 * DAY)

    assert seen["https"]["data"]["status"] == 308
    assert told(seen) == {("tls.expired", "CRITICAL")}


def test_a_certificate_that_ends_soon_is_told_before(look: Look) -> None:
    """Nine days of ninety are left."""
    assert told(look(begins=-81 * DAY, ends=9 * DAY)) == {("tls.expired", "DEGRADED")}


def test_a_certificate_of_nobody_known_is_not_trusted(look: Look) -> None:
    """It is good in itself."""
    assert told(look(begins=-1 * DAY, ends=60 * DAY, is_trusted=False)) == {("tls.untrusted", "CRITICAL")}


def test_old_protocols_are_really_tried(look: Look) -> None:
    """A server that speaks TLS 1.1 and 1.2 only."""

    def weaken(context: ssl.SSLContext) -> None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2

    seen = look(begins=-1 * DAY, ends=60 * DAY, adjust=weaken)

    assert seen["tls"]["data"]["protocols"] == {"TLSv1": False, "TLSv1.1": True}
    assert told(seen) == {("tls.protocol-old", "DEGRADED"), ("tls.protocol-new-missing", "WARNING")}


def test_nobody_there_is_unknown_for_tls(unused: int) -> None:
    """Of a certificate that was not seen nothing is claimed."""
    visit = visiting.Visit(name=NAME, address=ADDRESS, port=unused, plain_port=unused)
    seen = asyncio.run(visiting.site(visit, visiting.trusting(None)))

    assert seen["https"]["data"]["is_answered"] is False
    assert {severity for _, severity in told(seen)} == {"UNKNOWN"}


@pytest.fixture
def unused() -> int:
    """
    A port on which nobody listens.
    """
    with socket.create_server((ADDRESS, 0)) as found:
        return int(found.getsockname()[1])


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"])
def test_an_answer_that_is_none_is_no_answer(answer: bytes) -> None:
    """Whatever is said there instead of HTTP."""
    with serving(None, answer) as port:
        seen = asyncio.run(visiting._ask(visiting.Visit(name=NAME, address=ADDRESS), port, None))[0]

    assert seen["is_answered"] is False
    assert seen["reason"]


def test_ports_are_really_tried(unused: int) -> None:
    """One that answers is open, one where nobody listens is not; the well-known ones are tried in any case."""
    with serving(None) as port:
        seen = asyncio.run(outside.ports(ADDRESS, [port, unused]))["data"]

    assert (seen[str(port)], seen[str(unused)]) == (True, False)
    assert {str(known) for known in outside.WELL_KNOWN} <= seen.keys()


def test_no_more_ports_are_tried_than_allowed() -> None:
    """However much listens on a server."""
    seen = asyncio.run(outside.ports(ADDRESS, range(40_000, 41_000)))["data"]

    assert len(seen) == outside.MOST_PORTS
