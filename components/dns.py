"""
Names that lead to the ingress, and what else is said about an environment's names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Input, ResourceOptions

from components.cloudflare_sdk import DnsRecord
from components.entry import Entry
from settings import Settings
from settings.environment import Environment, RecordType

# Cloudflare's "automatic", the only one that it takes where it answers itself.
TTL_AUTOMATIC = 1
LETS_ENCRYPT = "letsencrypt.org"


@dataclass(frozen=True, kw_only=True)
class Record:
    """
    One record. `priority` is that of an MX; `detail` tells records of the same name and type apart.
    """

    name: str
    kind: RecordType
    content: Input[str]
    ttl_s: int
    proxied: bool = False
    priority: int | None = None
    detail: str = ""

    @property
    def key(self) -> str:
        """
        What it is called in the state: the same record never has two names, and two never have the same.
        """
        parts = [self.name, self.kind.value]
        return "-".join([*parts, hashlib.sha256(self.detail.encode()).hexdigest()[:8]] if self.detail else parts)


@dataclass(frozen=True, kw_only=True)
class DnsArgs:
    """
    `zone_ids` is {zone: its id at Cloudflare}, with a zone for each record.
    """

    zone_ids: Mapping[str, str]
    records: Sequence[Record]


class Dns(pulumi.ComponentResource):
    """
    Records, each in the zone that fits its name best. What is said twice is one record.
    """

    def __init__(self, name: str, args: DnsArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:network:Dns", name, None, opts)
        for key, record in {record.key: record for record in args.records}.items():
            is_caa = record.kind is RecordType.CAA
            DnsRecord(
                f"{name}-{key}",
                zone_id=args.zone_ids[_longest(record.name, args.zone_ids)],
                name=record.name,
                kind=record.kind.value,
                content=None if is_caa else record.content,
                data=caa_data(str(record.content)) if is_caa else None,
                priority=record.priority,
                ttl_s=TTL_AUTOMATIC if record.proxied else record.ttl_s,
                proxied=record.proxied,
                opts=ResourceOptions(parent=self),
            )
        self.register_outputs({})


def _longest(name: str, zones: Iterable[str]) -> str:
    return max((zone for zone in zones if name == zone or name.endswith(f".{zone}")), key=len)


def caa_data(content: str) -> dict[str, Input[str | int]]:
    """
    The parts of a CAA record that is written as in a zone file: `0 issue "letsencrypt.org"`.
    """
    flags, tag, value = content.split(" ", 2)
    return {"flags": int(flags), "tag": tag, "value": value.strip('"')}


def addresses(settings: Settings, hostnames: Iterable[str], entry: Entry) -> list[Record]:
    """
    The records that lead these names to the ingress.
    """
    dns = settings.environment.dns
    found = [(RecordType.A, entry.ipv4)] + ([(RecordType.AAAA, entry.ipv6)] if entry.ipv6 is not None else [])
    return [
        Record(name=hostname, kind=kind, content=address, ttl_s=dns.ttl_s, proxied=dns.proxied)
        for hostname in hostnames
        for kind, address in found
    ]


def of_environment(settings: Settings, hostnames: Iterable[str]) -> list[Record]:
    """
    What is said beside the addresses: who may issue certificates for these names, and the settings' further records.
    """
    environment = settings.environment
    ttl_s = environment.dns.ttl_s
    authorities = _authorities(environment)
    caa = [
        Record(name=apex, kind=RecordType.CAA, content=content, ttl_s=ttl_s, detail=content)
        for apex in (apexes(environment, hostnames) if authorities else ())
        for content in (f'0 issue "{authority}"' for authority in authorities)
    ]
    further = [
        Record(
            name=record.name,
            kind=record.type,
            content=record.content,
            ttl_s=record.ttl_s or ttl_s,
            proxied=record.proxied,
            priority=record.priority,
            detail=record.content,
        )
        for record in environment.dns.records
    ]
    return caa + further


def _authorities(environment: Environment) -> Sequence[str]:
    """
    Who may issue: nobody is named where certificates come from an authority of one's own, which asks nobody.
    """
    named = environment.dns.authorities
    return named if named is not None else ((LETS_ENCRYPT,) if environment.ingress.tls.acme else ())


def apexes(environment: Environment, hostnames: Iterable[str]) -> Iterator[str]:
    """
    Where CAA records stand: in each zone in use, the nearest name above all of the environment's own. That is the zone's apex
    where the environment has it, and `staging.example.com` where another environment has `example.com`: records of two
    environments never meet, and no name of this one is without.
    """
    names = {environment.domain, *hostnames}
    for zone in environment.all_zones:
        inside = [name.split(".")[::-1] for name in sorted(names) if environment.zone_of(name) == zone]
        if not inside:
            continue
        common: list[str] = []
        for labels in zip(*inside, strict=False):
            if len(set(labels)) > 1:
                break
            common.append(labels[0])
        yield ".".join(reversed(common))
