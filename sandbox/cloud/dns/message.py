"""
From the bytes of a DNS query to the bytes of its answer, the same for UDP, TCP and HTTPS.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dnslib import CLASS, QTYPE, RR, DNSBuffer, DNSHeader, DNSLabel, DNSQuestion, DNSRecord  # type: ignore[import-untyped]

from sandbox.cloud.dns.rdata import rdata
from sandbox.cloud.dns.resolver import Code, Question, Reply, answer
from sandbox.cloud.dns.zones import Record, Zone

log = logging.getLogger("sandbox.dns")

ZoneSource = Callable[[], Sequence[Zone]]

HEADER = struct.Struct("!HHHHHH")
RESPONSE_FLAG, OPCODE_MASK, TRUNCATED_FLAG = 0x8000, 0x7800, 0x0200
PLAIN_SIZE = 512  # RFC 1035, 4.2.1: an answer over UDP to a client without EDNS
EDNS_SIZE = 4096  # the largest answer over UDP that is sent, whatever the client offers
STREAM_SIZE = 65535
POINTER_REACH = 0x3FFF
LABEL_LENGTH = 63
REFUSED_TYPES = frozenset({"AXFR", "IXFR"})


class MalformedError(Exception):
    """
    A query that cannot be understood.
    """


@dataclass(frozen=True)
class Extension:
    """
    What the client's OPT record offers (RFC 6891): its EDNS version and the size of answer that it takes over UDP.
    """

    version: int
    size: int


class _Buffer(DNSBuffer):  # type: ignore[misc]
    """
    A message under construction that never compresses a name to a place that a pointer's 14 bits cannot reach.
    """

    names: dict[tuple[bytes, ...], int]

    def encode_name(self, name: DNSLabel) -> None:
        super().encode_name(name)
        if self.offset > POINTER_REACH:
            self.names = {known: place for known, place in self.names.items() if place <= POINTER_REACH}


def respond(packet: bytes, zones: ZoneSource, *, is_datagram: bool) -> bytes | None:
    """
    The answer to one packet, or None for what deserves none: too short for a header, or itself an answer.

    Never raises: what cannot be read is answered with FORMERR, what goes wrong here with SERVFAIL.
    """
    if len(packet) < HEADER.size:
        return None
    identifier, flags, questions, answers, authorities, additionals = HEADER.unpack_from(packet)
    if flags & RESPONSE_FLAG:
        return None
    if flags & OPCODE_MASK:
        return _bare(identifier, flags, Code.NOTIMP)
    if questions != 1 or answers or authorities or additionals > 2:  # OPT and TSIG are all that a query adds
        return _bare(identifier, flags, Code.FORMERR)
    try:
        query = _parse(packet)
        extension = _extension(query)
    except MalformedError:
        return _bare(identifier, flags, Code.FORMERR)
    try:
        return _pack(query, _reply(query, extension, zones), extension, is_datagram=is_datagram)
    except Exception:
        log.exception("a query could not be answered: %s", query.q)
        return _bare(identifier, flags, Code.SERVFAIL)


def _bare(identifier: int, flags: int, code: Code) -> bytes:
    """
    An answer of a header alone.
    """
    return HEADER.pack(identifier, RESPONSE_FLAG | flags & (OPCODE_MASK | 0x0100) | code, 0, 0, 0, 0)


def _parse(packet: bytes) -> DNSRecord:
    """
    The query. The parser raises many kinds of error on bytes that are no DNS; to a client they are all one.
    """
    try:
        query = DNSRecord.parse(packet)
    except Exception as error:
        raise MalformedError from error
    if any(len(label) > LABEL_LENGTH for label in query.q.qname.label):
        raise MalformedError
    return query


def _extension(query: DNSRecord) -> Extension | None:
    options = [record for record in query.ar if record.rtype == QTYPE.OPT]
    if len(options) > 1:
        raise MalformedError
    return Extension(version=options[0].ttl >> 16 & 0xFF, size=options[0].rclass) if options else None


def _reply(query: DNSRecord, extension: Extension | None, zones: ZoneSource) -> Reply:
    if extension is not None and extension.version > 0:
        return Reply(code=Code.BADVERS, is_authoritative=False)
    kind = str(QTYPE.get(query.q.qtype))
    if query.q.qclass != CLASS.IN or kind in REFUSED_TYPES:
        return Reply(code=Code.REFUSED, is_authoritative=False)
    return answer(zones(), Question(tuple(query.q.qname.label), kind))


def _pack(query: DNSRecord, reply: Reply, extension: Extension | None, *, is_datagram: bool) -> bytes:
    """
    The reply in bytes; what does not fit is left out whole and marked as truncated, so that the client asks again by TCP.
    """
    size = STREAM_SIZE
    if is_datagram:
        size = PLAIN_SIZE if extension is None else min(max(extension.size, PLAIN_SIZE), EDNS_SIZE)
    packed = _encode(query, reply, extension)
    if len(packed) <= size:
        return packed
    cut = _encode(query, Reply(code=reply.code, is_authoritative=reply.is_authoritative), extension)
    identifier, flags, *counts = HEADER.unpack_from(cut)
    return HEADER.pack(identifier, flags | TRUNCATED_FLAG, *counts) + cut[HEADER.size :]


def _encode(query: DNSRecord, reply: Reply, extension: Extension | None) -> bytes:
    additional = [_resource(record) for record in reply.additional]
    if extension is not None:
        additional.append(RR(".", QTYPE.OPT, rclass=EDNS_SIZE, ttl=(reply.code >> 4) << 24, rdata=[]))
    header = DNSHeader(
        id=query.header.id, qr=1, aa=int(reply.is_authoritative), rd=query.header.rd, ra=0, rcode=reply.code & 0xF
    )
    header.q, header.a, header.auth, header.ar = 1, len(reply.answer), len(reply.authority), len(additional)
    buffer = _Buffer()
    header.pack(buffer)
    DNSQuestion(query.q.qname, query.q.qtype, query.q.qclass).pack(buffer)
    for record in (*map(_resource, (*reply.answer, *reply.authority)), *additional):
        record.pack(buffer)
    return bytes(buffer.data)


def _resource(record: Record) -> RR:
    return RR(DNSLabel(list(record.owner)), QTYPE.reverse[record.type], ttl=record.ttl, rdata=rdata(record))
