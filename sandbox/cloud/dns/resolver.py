"""
What an authoritative server answers: pure, from zones and a question to a reply (RFC 1034, 4.3.2; RFC 4592; RFC 2308).

A proxied record is answered with the address of its origin: the sandbox's edge is the ingress itself, which answers with the
same content. As at Cloudflare, a proxied CNAME and a CNAME at the apex are flattened: the answer holds the addresses of their
target, not the CNAME itself. CNAMEs are followed from zone to zone; this server asks no other, so one that leads elsewhere is
answered as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from sandbox.cloud.dns.zones import NEGATIVE_TTL_S, Labels, Record, Zone, fold

ANY = "ANY"
ADDRESSES = ("A", "AAAA")
CHAIN_LENGTH = 8  # CNAMEs followed in one answer


class Code(IntEnum):
    """
    How an answer ended (RFC 1035, 4.1.1; BADVERS from RFC 6891, 9).
    """

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    BADVERS = 16


@dataclass(frozen=True)
class Question:
    """
    What is asked: the name as the client wrote it, and the type by name (`A`, `TXT`, `ANY`, `TYPE65400`).
    """

    name: Labels
    type: str


@dataclass(frozen=True, kw_only=True)
class Reply:
    """
    The sections of the answer; by default an authoritative one.
    """

    code: Code = Code.NOERROR
    is_authoritative: bool = True
    answer: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()


def answer(zones: Sequence[Zone], question: Question) -> Reply:
    """
    The reply to one question of class IN. A name in none of the zones is refused; of nested zones the deepest answers.
    """
    name = fold(question.name)
    zone = _zone_of(zones, name)
    if zone is None:
        return Reply(code=Code.REFUSED, is_authoritative=False)
    cut = zone.cut(name)
    if cut is not None:
        return _referral(zone, cut)
    return _resolve(zones, question.name, question.type, frozenset())


def _zone_of(zones: Sequence[Zone], name: Labels) -> Zone | None:
    """
    The deepest zone that a folded name is in.
    """
    return max((zone for zone in zones if zone.contains(name)), key=lambda zone: len(zone.apex), default=None)


def _is_ours(zones: Sequence[Zone], name: Labels) -> bool:
    """
    Whether this server has the last word about a folded name.
    """
    zone = _zone_of(zones, name)
    return zone is not None and zone.cut(name) is None


def _resolve(zones: Sequence[Zone], owner: Labels, kind: str, followed: frozenset[Labels]) -> Reply:
    """
    The reply about one name; CNAMEs are followed as far as the zones' own authority goes.
    """
    name = fold(owner)
    zone = _zone_of(zones, name)
    if zone is None or zone.cut(name) is not None:
        return Reply()
    node = zone.at(name)
    if node is None:
        return Reply(code=Code.NXDOMAIN, authority=(_negative(zone),))
    alias = next((record for record in node if record.type == "CNAME"), None)
    is_flat = alias is not None and (alias.is_proxied or name == zone.apex) and _is_ours(zones, alias.target)
    found = [record for record in node if kind in (record.type, ANY) and not (is_flat and record is alias)]
    if found:
        return Reply(answer=_owned(found, owner))
    if alias is None or (is_flat and kind not in (*ADDRESSES, ANY)):
        return _nothing(zone)
    rest = _follow(zones, alias.target, kind, followed | {name})
    if not is_flat:
        return replace(rest, answer=(*_owned([alias], owner), *rest.answer))
    addresses = [record for record in rest.answer if record.type in ADDRESSES]
    return Reply(answer=_owned(addresses, owner)) if addresses else _nothing(zone)


def _follow(zones: Sequence[Zone], target: Labels, kind: str, followed: frozenset[Labels]) -> Reply:
    """
    The reply about the target of a CNAME; a loop or a long chain ends where it is noticed.
    """
    is_end = target in followed or len(followed) > CHAIN_LENGTH
    return Reply() if is_end else _resolve(zones, target, kind, followed)


def _referral(zone: Zone, cut: Labels) -> Reply:
    """
    The servers to ask instead, with the addresses that this zone knows of them.
    """
    servers = tuple(record for record in zone.nodes[cut] if record.type == "NS")
    glue = tuple(record for server in servers for record in zone.nodes.get(server.target, ()) if record.type in ADDRESSES)
    return Reply(is_authoritative=False, authority=servers, additional=glue)


def _owned(records: Sequence[Record], owner: Labels) -> tuple[Record, ...]:
    """
    The records under the name that was asked for, as wildcards need it; it also gives the client its own spelling back.
    """
    return tuple(replace(record, owner=owner) for record in records)


def _nothing(zone: Zone) -> Reply:
    """
    The name exists, but has no record of this type.
    """
    return Reply(authority=(_negative(zone),))


def _negative(zone: Zone) -> Record:
    """
    The SOA record that says how long a denial may be remembered (RFC 2308, 3).
    """
    return replace(zone.start_of_authority, ttl=NEGATIVE_TTL_S)
