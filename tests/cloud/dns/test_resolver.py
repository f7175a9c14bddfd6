"""
The pure resolver: which records a question gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from sandbox.cloud.dns.resolver import Code, Question, Reply, answer
from sandbox.cloud.dns.zones import Record, Zone, build_zone, labels

ZONE = {"id": "z", "name": "flotilla.test", "name_servers": ["ns1.sandbox.invalid", "ns2.sandbox.invalid"], "serial": 7}


def record(name: str, kind: str, content: str, *, proxied: bool = False, ttl: int = 1) -> dict[str, Any]:
    complete = "flotilla.test" if name == "@" else f"{name}.flotilla.test"
    return {"name": complete, "type": kind, "content": content, "proxied": proxied, "ttl": ttl}


def zone_with(*records: dict[str, Any]) -> Zone:
    return build_zone(ZONE, records)


def ask(zones: Sequence[Zone], name: str, kind: str) -> Reply:
    return answer(zones, Question(tuple(name.encode().split(b".")), kind))


def contents(records: Sequence[Record]) -> list[tuple[str, str, Any]]:
    return [(b".".join(each.owner).decode(), each.type, each.fields.get("content")) for each in records]


MANY = zone_with(
    record("@", "A", "127.10.1.1"),
    record("www", "A", "127.10.1.11"),
    record("www", "TXT", "hello"),
    record("alias", "CNAME", "www.flotilla.test"),
    record("far", "CNAME", "www.elsewhere.test"),
    record("lost", "CNAME", "nowhere.flotilla.test"),
    record("loop1", "CNAME", "loop2.flotilla.test"),
    record("loop2", "CNAME", "loop1.flotilla.test"),
    record("a.deep.tree", "A", "127.10.1.12"),
    record("*.apps", "A", "127.10.1.13"),
    record("fixed.apps", "TXT", "fixed"),
    record("x.under.apps", "TXT", "x"),
    record("*.any", "CNAME", "www.flotilla.test"),
    record("child", "NS", "ns.child.flotilla.test"),
    record("ns.child", "A", "127.10.1.14"),
    record("shield", "CNAME", "www.flotilla.test", proxied=True),
    record("shieldfar", "CNAME", "www.elsewhere.test", proxied=True),
    record("cover", "A", "127.10.1.15", proxied=True),
)


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("www.flotilla.test", "A", [("www.flotilla.test", "A", "127.10.1.11")]),
        ("wWw.FLOTILLA.test", "A", [("wWw.FLOTILLA.test", "A", "127.10.1.11")]),
        ("cover.flotilla.test", "A", [("cover.flotilla.test", "A", "127.10.1.15")]),
        ("alias.flotilla.test", "CNAME", [("alias.flotilla.test", "CNAME", "www.flotilla.test")]),
        (
            "alias.flotilla.test",
            "A",
            [("alias.flotilla.test", "CNAME", "www.flotilla.test"), ("www.flotilla.test", "A", "127.10.1.11")],
        ),
        ("far.flotilla.test", "A", [("far.flotilla.test", "CNAME", "www.elsewhere.test")]),
        ("guest.apps.flotilla.test", "A", [("guest.apps.flotilla.test", "A", "127.10.1.13")]),
        ("a.b.c.apps.flotilla.test", "A", [("a.b.c.apps.flotilla.test", "A", "127.10.1.13")]),
        ("*.apps.flotilla.test", "A", [("*.apps.flotilla.test", "A", "127.10.1.13")]),
        (
            "x.any.flotilla.test",
            "A",
            [("x.any.flotilla.test", "CNAME", "www.flotilla.test"), ("www.flotilla.test", "A", "127.10.1.11")],
        ),
        ("shield.flotilla.test", "A", [("shield.flotilla.test", "A", "127.10.1.11")]),
        ("shieldfar.flotilla.test", "A", [("shieldfar.flotilla.test", "CNAME", "www.elsewhere.test")]),
        (
            "www.flotilla.test",
            "ANY",
            [("www.flotilla.test", "A", "127.10.1.11"), ("www.flotilla.test", "TXT", "hello")],
        ),
        (
            "flotilla.test",
            "NS",
            [("flotilla.test", "NS", "ns1.sandbox.invalid"), ("flotilla.test", "NS", "ns2.sandbox.invalid")],
        ),
        (
            "loop1.flotilla.test",
            "A",
            [("loop1.flotilla.test", "CNAME", "loop2.flotilla.test"), ("loop2.flotilla.test", "CNAME", "loop1.flotilla.test")],
        ),
    ],
)
def test_what_exists_is_answered(name: str, kind: str, expected: list[tuple[str, str, str]]) -> None:
    """Exact names, wildcards, chains and flattened CNAMEs give the right records, under the name as it was asked."""
    reply = ask([MANY], name, kind)
    assert (reply.code, reply.is_authoritative, contents(reply.answer)) == (Code.NOERROR, True, expected)


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("none.flotilla.test", "A", Code.NXDOMAIN),
        ("deep.www.flotilla.test", "A", Code.NXDOMAIN),
        ("www.flotilla.test", "AAAA", Code.NOERROR),
        ("deep.tree.flotilla.test", "A", Code.NOERROR),
        ("tree.flotilla.test", "A", Code.NOERROR),
        ("fixed.apps.flotilla.test", "A", Code.NOERROR),
        ("under.apps.flotilla.test", "A", Code.NOERROR),
        ("y.under.apps.flotilla.test", "A", Code.NXDOMAIN),
        ("guest.apps.flotilla.test", "AAAA", Code.NOERROR),
        ("apps.flotilla.test", "A", Code.NOERROR),
        ("shield.flotilla.test", "CNAME", Code.NOERROR),
        ("shield.flotilla.test", "AAAA", Code.NOERROR),
        ("www.flotilla.test", "65400", Code.NOERROR),
    ],
)
def test_a_denial_carries_the_soa(name: str, kind: str, code: Code) -> None:
    """A name that is not there and a name without this type are told apart; an existing name blocks the wildcard (RFC 4592)."""
    reply = ask([MANY], name, kind)
    assert (reply.code, reply.answer) == (code, ())
    assert [each.type for each in reply.authority] == ["SOA"]


def test_a_chain_to_nowhere_is_nxdomain_with_the_chain() -> None:
    """The code is that of the chain's last name (RFC 2308, 2.1)."""
    reply = ask([MANY], "lost.flotilla.test", "A")
    assert reply.code == Code.NXDOMAIN
    assert contents(reply.answer) == [("lost.flotilla.test", "CNAME", "nowhere.flotilla.test")]
    assert [each.type for each in reply.authority] == ["SOA"]


@pytest.mark.parametrize("name", ["elsewhere.test", "test", "notflotilla.test"])
def test_a_foreign_name_is_refused(name: str) -> None:
    """The server is not a resolver for the world."""
    reply = ask([MANY], name, "A")
    assert (reply.code, reply.is_authoritative, reply.answer, reply.authority) == (Code.REFUSED, False, (), ())


@pytest.mark.parametrize("name", ["child.flotilla.test", "x.y.child.flotilla.test", "ns.child.flotilla.test"])
def test_a_delegated_name_is_referred(name: str) -> None:
    """Names at and below an NS record belong to its servers, whose known addresses come along."""
    reply = ask([MANY], name, "A")
    assert (reply.code, reply.is_authoritative, reply.answer) == (Code.NOERROR, False, ())
    assert contents(reply.authority) == [("child.flotilla.test", "NS", "ns.child.flotilla.test")]
    assert contents(reply.additional) == [("ns.child.flotilla.test", "A", "127.10.1.14")]


def test_a_cname_at_the_apex_is_flattened() -> None:
    """The apex has SOA and NS, so its CNAME is answered with the target's addresses, and other types are still found."""
    zone = zone_with(record("@", "CNAME", "www.flotilla.test"), record("www", "A", "127.10.1.11"), record("@", "TXT", "hello"))
    assert contents(ask([zone], "flotilla.test", "A").answer) == [("flotilla.test", "A", "127.10.1.11")]
    assert contents(ask([zone], "flotilla.test", "TXT").answer) == [("flotilla.test", "TXT", "hello")]
    assert ask([zone], "flotilla.test", "MX").answer == ()
    assert ask([zone], "flotilla.test", "CNAME").answer == ()


def test_a_flattened_loop_ends() -> None:
    """Two proxied CNAMEs that point to each other have no address."""
    zone = zone_with(
        record("a", "CNAME", "b.flotilla.test", proxied=True), record("b", "CNAME", "a.flotilla.test", proxied=True)
    )
    reply = ask([zone], "a.flotilla.test", "A")
    assert (reply.code, reply.answer) == (Code.NOERROR, ())


def test_a_long_chain_ends() -> None:
    """A chain is followed only so far, and what was found is answered."""
    links = [record(f"n{number}", "CNAME", f"n{number + 1}.flotilla.test") for number in range(50)]
    reply = ask([zone_with(*links)], "n0.flotilla.test", "A")
    assert 8 <= len(reply.answer) <= 12


def test_of_nested_zones_the_deepest_answers() -> None:
    """A zone for a subdomain takes over from its parent."""
    inner = build_zone(ZONE | {"name": "inner.flotilla.test"}, [{**record("www.inner", "A", "127.10.1.20")}])
    outer = zone_with(record("www.inner", "A", "127.10.1.21"))
    for zones in ([inner, outer], [outer, inner]):
        assert contents(ask(zones, "www.inner.flotilla.test", "A").answer)[0][2] == "127.10.1.20"


def test_a_label_with_a_dot_inside_is_another_name() -> None:
    """The one label `www.flotilla` is not the two labels `www` and `flotilla`."""
    assert answer([MANY], Question((b"www.flotilla", b"test"), "A")).code == Code.REFUSED


def test_ttl_is_the_records_own_and_automatic_is_300() -> None:
    """`ttl: 1` is served as Cloudflare serves it."""
    zone = zone_with(record("auto", "A", "127.10.1.11"), record("own", "A", "127.10.1.12", ttl=60))
    assert [ask([zone], f"{name}.flotilla.test", "A").answer[0].ttl for name in ("auto", "own")] == [300, 60]


def test_the_root_is_no_labels() -> None:
    """A null MX points to the root."""
    assert labels(".") == ()


def test_cnames_lead_from_zone_to_zone() -> None:
    """A name may point into another zone of this server: that is followed, and flattened if the name is proxied or an apex."""
    ledger = {**ZONE, "id": "l", "name": "ledger.test"}
    records = [
        {**record("@", "CNAME", "www.flotilla.test"), "name": "ledger.test"},
        {**record("@", "CNAME", "www.flotilla.test", proxied=True), "name": "app.ledger.test"},
        {**record("@", "CNAME", "www.flotilla.test"), "name": "api.ledger.test"},
        {**record("@", "CNAME", "x.child.flotilla.test"), "name": "gone.ledger.test"},
    ]
    zones = [MANY, build_zone(ledger, records)]
    for name in ("ledger.test", "app.ledger.test"):
        assert contents(ask(zones, name, "A").answer) == [(name, "A", "127.10.1.11")]
    assert contents(ask(zones, "api.ledger.test", "A").answer) == [
        ("api.ledger.test", "CNAME", "www.flotilla.test"),
        ("www.flotilla.test", "A", "127.10.1.11"),
    ]
    assert [row[1] for row in contents(ask(zones, "gone.ledger.test", "A").answer)] == ["CNAME"]
