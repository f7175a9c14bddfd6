"""
What the DNS says, asked of each zone's own name servers: caches of others do not count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import dns.asyncquery
import dns.asyncresolver
import dns.exception
import dns.message
import dns.rcode
import dns.rdatatype

TIMEOUT_S = 5.0
PORT = 53


@dataclass(frozen=True, kw_only=True)
class NameServer:
    """
    Where a zone is asked about.
    """

    address: str
    port: int = PORT


async def name_servers(zones: Iterable[str], known: NameServer | None) -> dict[str, NameServer | str]:
    """
    A name server of each zone, or why there is none: {zone: it}. `known` answers for all of them, as in the sandbox.
    """
    chosen = list(zones)
    if known:
        return dict.fromkeys(chosen, known)
    return dict(zip(chosen, await asyncio.gather(*map(_name_server, chosen)), strict=True))


async def _name_server(zone: str) -> NameServer | str:
    try:
        resolver = dns.asyncresolver.Resolver()
        resolver.lifetime = TIMEOUT_S
        names = await resolver.resolve(zone, "NS")
        addresses = await resolver.resolve(sorted(str(row.target) for row in names)[0], "A")
    except dns.exception.DNSException as error:
        return f"the name servers of {zone} cannot be found: {' '.join(str(error).split())}"
    return NameServer(address=str(addresses[0]))


async def answer(name: str, kind: str, server: NameServer | str) -> Mapping[str, Any]:
    """
    The section `answer` of a record: what there is of this kind under a name.
    """
    if isinstance(server, str):
        return {"error": server}
    question = dns.message.make_query(name, kind)
    try:
        reply, _ = await dns.asyncquery.udp_with_fallback(question, server.address, port=server.port, timeout=TIMEOUT_S)
    except (dns.exception.DNSException, OSError) as error:
        return {"error": f"{server.address} does not answer: {' '.join(str(error).split()) or type(error).__name__}"}
    wanted = dns.rdatatype.from_text(kind)
    contents = [row.to_text() for found in reply.answer if found.rdtype == wanted for row in found]
    code = dns.rcode.to_text(reply.rcode())
    if code not in ("NOERROR", "NXDOMAIN"):
        return {"error": f"{server.address} answers {code}"}
    return {"data": {"server": {"address": server.address, "port": server.port}, "code": code, "contents": sorted(contents)}}
