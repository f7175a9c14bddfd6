"""
Zones as DNS sees them: names in labels, records at nodes, read from the emulator's store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.cloud.cloudflare.state import RECORD, ZONE
from sandbox.cloud.store import Document, Store

Labels = tuple[bytes, ...]

WILDCARD = b"*"
AUTOMATIC_TTL_S = 300  # what Cloudflare serves for `ttl: 1`
APEX_TTL_S = 3600
SOA_TIMES = (10000, 2400, 604800)  # refresh, retry, expire, as Cloudflare serves them
NEGATIVE_TTL_S = 5  # Cloudflare: 1800. Short here, so that a name asked for too early is not missed for long


@dataclass(frozen=True, kw_only=True)
class Record:
    """
    One resource record; `fields` holds what its type needs (`content`, `priority`, `data`), as the API stores it.
    """

    owner: Labels
    type: str
    ttl: int
    fields: Document
    is_proxied: bool = False

    @property
    def target(self) -> Labels:
        """
        The name that a CNAME or NS record points to.
        """
        return labels(self.fields["content"])


@dataclass(frozen=True)
class Zone:
    """
    A zone with every name that exists in it, empty ones between a name and the apex included (RFC 4592, 2.2.2).
    """

    apex: Labels
    nodes: dict[Labels, list[Record]] = field(default_factory=dict)

    def contains(self, name: Labels) -> bool:
        """
        Whether this folded name is the zone's apex or below it.
        """
        return name[-len(self.apex) :] == self.apex

    def add(self, record: Record) -> None:
        """
        Put a record at its name.
        """
        self.nodes.setdefault(record.owner, []).append(record)
        for start in range(1, len(record.owner) - len(self.apex) + 1):
            self.nodes.setdefault(record.owner[start:], [])

    def cut(self, name: Labels) -> Labels | None:
        """
        The name at which this name is delegated to other servers, or None; the highest one counts.
        """
        for start in range(len(name) - len(self.apex) - 1, -1, -1):
            if any(record.type == "NS" for record in self.nodes.get(name[start:], ())):
                return name[start:]
        return None

    def at(self, name: Labels) -> Sequence[Record] | None:
        """
        What exists at this folded name, by itself or by a wildcard (RFC 4592, 3.3); None where the name does not exist.
        """
        if name in self.nodes:
            return self.nodes[name]
        encloser = next(name[start:] for start in range(1, len(name) + 1) if name[start:] in self.nodes)
        return self.nodes.get((WILDCARD, *encloser))

    @property
    def start_of_authority(self) -> Record:
        """
        The zone's SOA record.
        """
        return next(record for record in self.nodes[self.apex] if record.type == "SOA")


def labels(name: str) -> Labels:
    """
    A name of the store as folded labels; the root is the empty tuple.
    """
    return fold(tuple(name.rstrip(".").encode().split(b"."))) if name != "." else ()


def fold(name: Labels) -> Labels:
    """
    The name as it is compared: DNS does not tell A-Z from a-z (RFC 4343).
    """
    return tuple(label.lower() for label in name)


def build_zone(zone: Document, records: Sequence[Document]) -> Zone:
    """
    The zone with these records, and with the SOA and NS records that the API does not list.
    """
    built = Zone(labels(zone["name"]))
    built.add(Record(owner=built.apex, type="SOA", ttl=APEX_TTL_S, fields=_authority(zone)))
    for server in zone["name_servers"]:
        built.add(Record(owner=built.apex, type="NS", ttl=APEX_TTL_S, fields={"content": server}))
    for record in records:
        built.add(
            Record(
                owner=labels(record["name"]),
                type=record["type"],
                ttl=AUTOMATIC_TTL_S if record["ttl"] == 1 else record["ttl"],
                fields=record,
                is_proxied=record["proxied"],
            )
        )
    return built


def _authority(zone: Document) -> dict[str, Any]:
    return {
        "server": zone["name_servers"][0],
        "mailbox": f"dns.{zone['name']}",
        "times": (zone["serial"], *SOA_TIMES, NEGATIVE_TTL_S),
    }


def read_zones(store: Store) -> list[Zone]:
    """
    Every zone of the store as it is now.
    """
    records = store.list(RECORD)
    return [build_zone(zone, [record for record in records if record["zone_id"] == zone["id"]]) for zone in store.list(ZONE)]
