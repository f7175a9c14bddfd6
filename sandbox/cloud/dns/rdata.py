"""
The data of each record type as DNS carries it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from dnslib import AAAA, CAA, CNAME, MX, NS, RD, SOA, SRV, TXT, A, DNSLabel  # type: ignore[import-untyped]

from sandbox.cloud.dns.character_strings import character_strings
from sandbox.cloud.dns.zones import Record
from sandbox.cloud.store import Document


def rdata(record: Record) -> RD:
    """
    What the record says, ready to be packed.
    """
    return BUILDERS[record.type](record.fields)


def _name(text: str) -> DNSLabel:
    return DNSLabel(text.rstrip(".").encode())


def _text(fields: Document) -> RD:
    return TXT(character_strings(fields["content"]) or [b""])


def _certificate_authority(fields: Document) -> RD:
    data = fields["data"]
    return CAA(data["flags"], data["tag"], data["value"])


def _service(fields: Document) -> RD:
    data = fields["data"]
    return SRV(data["priority"], data["weight"], data["port"], _name(data["target"]))


BUILDERS: Mapping[str, Callable[[Document], RD]] = {
    "A": lambda fields: A(fields["content"]),
    "AAAA": lambda fields: AAAA(fields["content"]),
    "CNAME": lambda fields: CNAME(_name(fields["content"])),
    "NS": lambda fields: NS(_name(fields["content"])),
    "MX": lambda fields: MX(_name(fields["content"]), fields["priority"]),
    "TXT": _text,
    "CAA": _certificate_authority,
    "SRV": _service,
    "SOA": lambda fields: SOA(_name(fields["server"]), _name(fields["mailbox"]), fields["times"]),
}
