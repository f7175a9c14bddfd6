"""
What holds for every packet, and for every record that the API accepts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dns.ipv6
import dns.message
import dns.rcode
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.cloud.cloudflare.app import create_app
from sandbox.cloud.cloudflare.zones import seed_zone
from sandbox.cloud.dns.character_strings import character_strings, wire_length
from sandbox.cloud.dns.message import respond
from sandbox.cloud.dns.zones import build_zone, read_zones
from sandbox.cloud.store import Store

label = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,20}[a-z0-9_])?", fullmatch=True)
host = st.builds(lambda labels: ".".join([*labels, "test"]), st.lists(label, min_size=1, max_size=4))
short = st.integers(0, 65535)
printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E, exclude_characters='"'), max_size=200)
text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=600)
quoted = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\\'), max_size=300), min_size=1, max_size=4
)

A = st.builds(lambda address: {"type": "A", "content": str(address)}, st.ip_addresses(v=4))
AAAA = st.builds(lambda address: {"type": "AAAA", "content": address.exploded.upper()}, st.ip_addresses(v=6))
CNAME = st.builds(lambda target: {"type": "CNAME", "content": target}, host)
NS = st.builds(lambda target: {"type": "NS", "content": target}, host)
MX = st.builds(lambda target, priority: {"type": "MX", "content": target, "priority": priority}, host, short)
TXT = st.builds(
    lambda content: {"type": "TXT", "content": content},
    text | st.builds(lambda parts: " ".join(f'"{part}"' for part in parts), quoted),
)
CAA = st.builds(
    lambda flags, tag, value: {"type": "CAA", "data": {"flags": flags, "tag": tag, "value": value}},
    st.integers(0, 255),
    st.from_regex(r"[a-zA-Z0-9]{1,15}", fullmatch=True),
    printable,
)
SRV = st.builds(
    lambda priority, weight, port, target: {
        "type": "SRV",
        "data": {"priority": priority, "weight": weight, "port": port, "target": target},
    },
    short,
    short,
    short,
    host,
)


class Cloud:
    """
    One zone behind the API, and a resolver that reads the same store.
    """

    def __init__(self, store: Store, serve: Callable[..., str]) -> None:
        self.store = store
        self.api = httpx.Client(headers={"Authorization": "Bearer token"})
        self.records = (
            f"{serve(create_app(store, 'token'))}/client/v4/zones/{seed_zone(store, 'flotilla.test')['id']}/dns_records"
        )

    @contextmanager
    def published(self, name: str, body: dict[str, Any]) -> Iterator[bool]:
        """
        Publish a record for as long as the block runs; False where the API refuses it.
        """
        answer = self.api.post(self.records, json={"name": name, **body})
        assert answer.status_code in (200, 400), answer.text
        try:
            yield answer.status_code == 200
        finally:
            if answer.status_code == 200:
                self.api.delete(f"{self.records}/{answer.json()['result']['id']}").raise_for_status()

    def ask(self, name: str, kind: str) -> dns.message.Message:
        query = dns.message.make_query(f"{name}.flotilla.test", kind)
        reply = respond(query.to_wire(), lambda: read_zones(self.store), is_datagram=False)
        assert reply is not None
        return dns.message.from_wire(reply)


@pytest.fixture(scope="module")
def cloud(serve: Callable[..., str]) -> Iterator[Cloud]:
    """
    One cloud for all examples; each removes what it published.
    """
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "cloud.sqlite")
        yield Cloud(store, serve)
        store.close()


def expected(body: dict[str, Any]) -> str:
    """
    What DNS should say for this record, in dnspython's words.
    """
    data = body.get("data", {})
    match body["type"]:
        case "A":
            return str(body["content"])
        case "AAAA":
            return dns.ipv6.canonicalize(body["content"])
        case "MX":
            return f"{body['priority']} {body['content']}."
        case "SRV":
            return f"{data['priority']} {data['weight']} {data['port']} {data['target']}."
        case _:
            return f"{body['content']}."


@settings(max_examples=80, deadline=None)
@given(name=label, body=A | AAAA | CNAME | NS | MX | SRV, proxied=st.booleans(), ttl=st.just(1) | st.integers(60, 86400))
def test_a_record_of_the_api_comes_back_through_dns(
    cloud: Cloud, name: str, body: dict[str, Any], proxied: bool, ttl: int
) -> None:
    """Whatever address, host, mail server or service the API accepts, DNS serves with the same value and TTL."""
    is_proxied = proxied and body["type"] in ("A", "AAAA")
    with cloud.published(name, {**body, "ttl": ttl, "proxied": is_proxied}) as is_accepted:
        if not is_accepted:
            assert (body["type"], body["content"]) == ("CNAME", f"{name}.flotilla.test")
            return
        reply = cloud.ask(name, body["type"])
    [rrset] = reply.authority if body["type"] == "NS" else reply.answer[:1]
    assert [rdata.to_text() for rdata in rrset] == [expected(body)]
    assert rrset.ttl == (300 if ttl == 1 or is_proxied else ttl)


@settings(max_examples=80, deadline=None)
@given(name=label, body=TXT)
def test_text_of_the_api_comes_back_through_dns(cloud: Cloud, name: str, body: dict[str, Any]) -> None:
    """Text keeps every byte: literal text whole, quoted strings one after the other."""
    with cloud.published(name, body) as is_accepted:
        if not is_accepted:
            strings = character_strings(body["content"])
            assert strings is None or wire_length(strings) > 4096
            return
        [rdata] = cloud.ask(name, "TXT").answer[0]
    is_quoted = body["content"].startswith('"')
    wanted = character_strings(body["content"]) if is_quoted else [body["content"].encode()]
    assert b"".join(rdata.strings) == b"".join(wanted or [])


@settings(max_examples=40, deadline=None)
@given(name=label, body=CAA)
def test_an_authorisation_of_the_api_comes_back_through_dns(cloud: Cloud, name: str, body: dict[str, Any]) -> None:
    """CAA keeps flags, tag and value to the byte."""
    with cloud.published(name, body) as is_accepted:
        assert is_accepted
        [rdata] = cloud.ask(name, "CAA").answer[0]
    data = body["data"]
    assert (rdata.flags, rdata.tag.decode(), rdata.value.decode()) == (data["flags"], data["tag"], data["value"])


@given(parts=quoted)
def test_quoted_strings_are_read_back(parts: list[str]) -> None:
    """What is quoted without an escape inside is taken as it is."""
    content = " ".join(f'"{part}"' for part in parts)
    assert b"".join(character_strings(content) or []) == "".join(parts).encode()


@st.composite
def damaged_queries(draw: st.DrawFn) -> bytes:
    """
    A valid query with some bytes changed, inserted or cut off: it gets past the first checks, unlike random bytes.
    """
    kind = draw(st.sampled_from(["A", "TXT", "ANY", "OPT", "TSIG", "SOA"]))
    query = dns.message.make_query("www.flotilla.test", kind, use_edns=draw(st.sampled_from([False, 0, 1, 255])))
    packet = bytearray(query.to_wire())
    for _ in range(draw(st.integers(0, 6))):
        packet[draw(st.integers(0, len(packet) - 1))] = draw(st.integers(0, 255))
    packet += draw(st.binary(max_size=40))
    return bytes(packet[: draw(st.integers(0, len(packet)))]) if draw(st.booleans()) else bytes(packet)


ZONE = {"name": "flotilla.test", "name_servers": ["ns1.sandbox.invalid"], "serial": 1}
WWW = {"name": "www.flotilla.test", "type": "TXT", "content": "x" * 2000, "ttl": 1, "proxied": False}
ZONES = [build_zone(ZONE, [WWW])]


@settings(max_examples=1500, deadline=None)
@given(packet=st.binary(max_size=100) | damaged_queries(), is_datagram=st.booleans())
def test_no_packet_crashes_the_server(packet: bytes, is_datagram: bool) -> None:
    """Any bytes get no answer, or one with the same id that a client can read; none is a fault of the server."""
    reply = respond(packet, lambda: ZONES, is_datagram=is_datagram)
    if reply is None:
        assert len(packet) < 12 or packet[2] & 0x80
        return
    read = dns.message.from_wire(reply)
    assert read.id == int.from_bytes(packet[:2], "big")
    assert read.rcode() != dns.rcode.SERVFAIL
    assert len(reply) <= (4096 if is_datagram else 65535)
