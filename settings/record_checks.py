"""
What has to fit together in the further DNS records of an environment.
"""

from __future__ import annotations

import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from settings.environment import DnsRecord, Environment, RecordType
from settings.problems import Finding, Location
from settings.values import is_hostname
from settings.wording import excerpt

# Cloudflare answers for these only.
PROXIABLE = frozenset({RecordType.A, RecordType.AAAA, RecordType.CNAME})
# RFC 8659: flags, tag and value.
_CAA = re.compile(r'(0|128) (issue|issuewild|iodef) "[^"\\]{0,200}"', re.ASCII)


def check_records(environment: Environment) -> Iterator[Finding]:
    """
    What is wrong with records by themselves and with each other.
    """
    records = environment.dns.records
    counts = Counter(record.name for record in records)
    for index, record in enumerate(records):
        location: Location = ("dns", "records", index)
        if environment.zone_of(record.name) is None:
            yield Finding(
                location=(*location, "name"),
                fact=f"`{record.name}` is in none of the zones {', '.join(environment.all_zones)}",
                next_step="Correct it, or add its zone to `zones`",
            )
        yield from _check_record(record, location)
        if record.type is RecordType.CNAME and counts[record.name] > 1:
            yield Finding(
                location=location,
                fact=f"`{record.name}` has other records, and a CNAME stands alone",
                next_step="Keep one of them",
            )
        if record in records[:index]:
            yield Finding(location=location, fact="this record is there already", next_step="Remove it")


def _check_record(record: DnsRecord, location: Location) -> Iterator[Finding]:
    is_right, example = CONTENTS[record.type]
    if not is_right(record.content):
        yield Finding(
            location=(*location, "content"),
            fact=f"{excerpt(record.content)} is not what a record of type {record.type} says",
            next_step=f"Write it like `{example}`",
        )
    if record.type is RecordType.MX and record.priority is None:
        yield Finding(location=(*location, "priority"), fact="this is missing", next_step="Add one, such as 10")
    if record.type is not RecordType.MX and record.priority is not None:
        yield Finding(location=(*location, "priority"), fact=f"a record of type {record.type} has none", next_step="Remove it")
    if record.proxied and record.type not in PROXIABLE:
        yield Finding(
            location=(*location, "proxied"),
            fact=f"Cloudflare cannot answer in place of a record of type {record.type}",
            next_step="Remove it",
        )


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return "%" not in text


# What a record says, by type, with an example.
CONTENTS: Mapping[RecordType, tuple[Callable[[str], bool], str]] = {
    RecordType.A: (_is_ipv4, "203.0.113.7"),
    RecordType.AAAA: (_is_ipv6, "2001:db8::7"),
    RecordType.CNAME: (is_hostname, "shop.example.net"),
    RecordType.MX: (is_hostname, "mail.example.com"),
    RecordType.TXT: (bool, "v=spf1 -all"),
    RecordType.CAA: (lambda text: _CAA.fullmatch(text) is not None, '0 issue "letsencrypt.org"'),
}
