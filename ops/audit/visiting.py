"""
Sites as a visitor's browser sees them: the answer, where it sends people, and what it proves of itself.

Asked at the address that is given, whatever the DNS says.
"""

from __future__ import annotations

import asyncio
import ssl
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANSWER_TIMEOUT_S = 10.0
LARGEST_HEAD = 65_536
VERSIONS = {"TLSv1": ssl.TLSVersion.TLSv1, "TLSv1.1": ssl.TLSVersion.TLSv1_1}

Section = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Visit:
    """
    What is asked for, and where.
    """

    name: str
    address: str
    path: str = "/"
    port: int = 443
    plain_port: int = 80

    @property
    def request(self) -> bytes:
        """
        As it is sent.
        """
        lines = (f"GET {self.path} HTTP/1.1", f"Host: {self.name}", "User-Agent: flotilla-audit", "Connection: close", "", "")
        return "\r\n".join(lines).encode()


def trusting(authority: Path | None) -> ssl.SSLContext:
    """
    Visitors' trust: the well-known authorities, or in their place an own one.
    """
    return ssl.create_default_context(cafile=str(authority) if authority else None)


def _blind() -> ssl.SSLContext:
    """
    Trusts anybody: to see what cannot be trusted, never to believe it.
    """
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def site(visit: Visit, trust: ssl.SSLContext) -> dict[str, Section]:
    """
    The sections of a site: `https`, `http` and `tls`.
    """
    (answer, tls), (plain, _) = await asyncio.gather(_secure(visit, trust), _ask(visit, visit.plain_port, None))
    return {"https": {"data": answer}, "http": {"data": plain}, "tls": tls}


async def _secure(visit: Visit, trust: ssl.SSLContext) -> tuple[dict[str, Any], Section]:
    answer, connection = await _ask(visit, visit.port, trust)
    reason = answer["reason"] if answer["is_untrusted"] else ""
    if answer["is_untrusted"]:
        answer, connection = await _ask(visit, visit.port, _blind())
    if connection is None:
        return answer, {"error": answer["reason"]}
    spoken = await asyncio.gather(*(_speaks(visit, version) for version in VERSIONS.values()))
    protocols = dict(zip(VERSIONS, spoken, strict=True))
    return answer, {"data": {**connection, "is_trusted": not reason, "reason": reason, "protocols": protocols}}


async def _ask(visit: Visit, port: int, context: ssl.SSLContext | None) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """
    One request: what was answered, and what is known of the encrypted connection.
    """
    started = time.monotonic()
    answer = {"is_answered": False, "is_untrusted": False, "status": 0, "location": "", "headers": {}, "reason": ""}
    connection: dict[str, Any] | None = None
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(
                visit.address, port, limit=LARGEST_HEAD, ssl=context, server_hostname=visit.name if context else None
            )
            try:
                connection = _connection(writer) if context else None
                writer.write(visit.request)
                head = await reader.readuntil(b"\r\n\r\n")
            finally:
                writer.transport.abort()
        answer |= {"is_answered": True, **_head(head)}
    except ssl.SSLCertVerificationError as error:
        answer |= {"is_untrusted": True, "reason": error.verify_message}
    except TimeoutError:
        answer |= {"reason": f"no answer within {ANSWER_TIMEOUT_S:g} s"}
    except asyncio.IncompleteReadError:
        answer |= {"reason": "the connection was closed before an answer"}
    except (OSError, ValueError, asyncio.LimitOverrunError) as error:
        answer |= {"reason": " ".join(str(error).split()) or type(error).__name__}
    return {**answer, "seconds": round(time.monotonic() - started, 3)}, connection


def _head(head: bytes) -> dict[str, Any]:
    first, *lines = head.decode("latin-1").split("\r\n")
    if not first.startswith("HTTP/"):
        raise ValueError("what is answered is not HTTP")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    return {"status": int(first.split()[1]), "location": headers.get("location", ""), "headers": headers}


def _connection(writer: asyncio.StreamWriter) -> dict[str, Any]:
    from cryptography import x509

    secured = writer.get_extra_info("ssl_object")
    certificate = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True))
    return {
        "version": secured.version(),
        "not_before": certificate.not_valid_before_utc.timestamp(),
        "not_after": certificate.not_valid_after_utc.timestamp(),
        "issuer": certificate.issuer.rfc4514_string(),
    }


async def _speaks(visit: Visit, version: ssl.TLSVersion) -> bool | None:
    """
    Whether a server speaks just this version; None where it cannot be found out.
    """
    context = _blind()
    try:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # that it is old is the point
            context.minimum_version = context.maximum_version = version
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            _, writer = await asyncio.open_connection(visit.address, visit.port, ssl=context, server_hostname=visit.name)
    except ssl.SSLError as error:
        return None if error.reason == "NO_PROTOCOLS_AVAILABLE" else False
    except ConnectionError:
        return False
    except (TimeoutError, OSError, ValueError):
        return None
    writer.transport.abort()
    return True
