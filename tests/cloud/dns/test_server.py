"""
The server on real sockets, asked with dnspython.
"""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver
import pytest

from ops.errors import FlotillaError
from sandbox.cloud.cloudflare.records import delete_record
from sandbox.cloud.cloudflare.zones import seed_zone
from sandbox.cloud.dns.server import DnsServer
from sandbox.cloud.store import Document, Store

Publish = Callable[..., Document]

TIMEOUT_S = 5.0


def by_udp(server: DnsServer, query: dns.message.Message) -> dns.message.Message:
    return dns.query.udp(query, server.address, port=server.port, timeout=TIMEOUT_S)


def by_tcp(server: DnsServer, query: dns.message.Message) -> dns.message.Message:
    return dns.query.tcp(query, server.address, port=server.port, timeout=TIMEOUT_S)


def raw_udp(server: DnsServer, packet: bytes) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(TIMEOUT_S)
        client.sendto(packet, (server.address, server.port))
        return client.recv(65535)


@pytest.mark.parametrize("ask", [by_udp, by_tcp])
def test_both_transports_answer(server: DnsServer, publish: Publish, ask: Callable[..., dns.message.Message]) -> None:
    """UDP and TCP give the same authoritative answer, and keep the spelling of the question."""
    publish("www", "A", "127.10.1.11")
    reply = ask(server, dns.message.make_query("wWw.Flotilla.test", "A"))
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags & dns.flags.AA
    assert not reply.flags & dns.flags.RA
    assert [rrset.to_text() for rrset in reply.answer] == ["wWw.Flotilla.test. 300 IN A 127.10.1.11"]


def test_each_type_has_its_data(server: DnsServer, publish: Publish) -> None:
    """Every type that the API takes is served in its own form."""
    publish("all", "AAAA", "fd00::1")
    publish("all", "TXT", '"one" "two\\"\\065"')
    publish("all", "MX", "mail.flotilla.test", priority=10)
    publish("all", "CAA", data={"flags": 128, "tag": "issue", "value": "ca.test; account=1"})
    publish("all", "SRV", data={"priority": 1, "weight": 2, "port": 443, "target": "app.flotilla.test"})
    publish("null", "MX", ".", priority=0)
    publish("sub", "NS", "ns.elsewhere.test")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [server.address], server.port

    def found(name: str, kind: str) -> list[str]:
        return [rdata.to_text() for rdata in resolver.resolve(f"{name}.flotilla.test", kind)]

    assert found("all", "AAAA") == ["fd00::1"]
    assert found("all", "TXT") == ['"one" "two\\"A"']
    assert found("all", "MX") == ["10 mail.flotilla.test."]
    assert found("all", "CAA") == ['128 issue "ca.test; account=1"']
    assert found("all", "SRV") == ["1 2 443 app.flotilla.test."]
    assert found("null", "MX") == ["0 ."]
    referral = by_udp(server, dns.message.make_query("sub.flotilla.test", "NS"))
    assert [rrset.to_text() for rrset in referral.authority] == ["sub.flotilla.test. 300 IN NS ns.elsewhere.test."]


def test_the_apex_has_soa_and_ns(server: DnsServer, publish: Publish) -> None:
    """Every zone has an SOA whose serial number grows with each change, deletions included."""

    def serial() -> Any:
        reply = by_udp(server, dns.message.make_query("flotilla.test", "SOA"))
        return reply.answer[0][0].serial

    before = serial()
    publish("www", "A", "127.10.1.11")
    assert serial() > before
    reply = by_udp(server, dns.message.make_query("flotilla.test", "NS"))
    assert len(reply.answer[0]) == 2


def test_a_change_shows_at_once(server: DnsServer, store: Store, publish: Publish) -> None:
    """The server reads the store for each query: no restart, no waiting."""
    query = dns.message.make_query("www.flotilla.test", "A")
    assert by_udp(server, query).rcode() == dns.rcode.NXDOMAIN
    record = publish("www", "A", "127.10.1.11")
    assert by_udp(server, query).rcode() == dns.rcode.NOERROR
    delete_record(store, seed_zone(store, "flotilla.test"), record)
    assert by_udp(server, query).rcode() == dns.rcode.NXDOMAIN


def test_a_large_answer_is_truncated_to_plain_udp(server: DnsServer, publish: Publish) -> None:
    """Over 512 bytes without EDNS: TC is set and nothing half given; TCP has all of it."""
    for number in range(60):
        publish("many", "A", f"127.10.1.{number}")
    query = dns.message.make_query("many.flotilla.test", "A", use_edns=False)
    cut = by_udp(server, query)
    assert cut.flags & dns.flags.TC
    assert cut.answer == []
    assert len(by_tcp(server, query).answer[0]) == 60
    reply, is_by_tcp = dns.query.udp_with_fallback(query, server.address, port=server.port, timeout=TIMEOUT_S)
    assert (is_by_tcp, len(reply.answer[0])) == (True, 60)


def test_edns_lifts_the_limit(server: DnsServer, publish: Publish) -> None:
    """A client that offers 1232 bytes gets them in one datagram, and an OPT record back."""
    for number in range(60):
        publish("many", "A", f"127.10.1.{number}")
    reply = by_udp(server, dns.message.make_query("many.flotilla.test", "A", use_edns=0, payload=1232))
    assert len(reply.answer[0]) == 60
    assert reply.edns == 0


def test_an_unknown_edns_version_is_answered_with_badvers(server: DnsServer, publish: Publish) -> None:
    """RFC 6891, 6.1.3."""
    reply = by_udp(server, dns.message.make_query("flotilla.test", "SOA", use_edns=1))
    assert reply.rcode() == dns.rcode.BADVERS


def test_long_text_is_split(server: DnsServer, publish: Publish) -> None:
    """A DKIM key longer than 255 bytes arrives in pieces that join to the whole."""
    key = "v=DKIM1; k=rsa; p=" + "A" * 700
    publish("dkim._domainkey", "TXT", key)
    reply = by_tcp(server, dns.message.make_query("dkim._domainkey.flotilla.test", "TXT"))
    strings = reply.answer[0][0].strings
    assert [len(string) for string in strings] == [255, 255, 208]
    assert b"".join(strings) == key.encode()


def test_an_answer_beyond_a_pointers_reach_is_right(server: DnsServer, publish: Publish) -> None:
    """In an answer of more than 16 KiB, names are still spelled right (RFC 1035, 4.1.4)."""
    hosts = {f"mail-{number:03}-{'x' * 40}.flotilla.test." for number in range(250)}
    for host in sorted(hosts):
        for priority in (1, 2):
            publish("mail", "MX", host, priority=priority)
    reply = by_tcp(server, dns.message.make_query("mail.flotilla.test", "MX"))
    assert len(reply.to_wire()) > 2**14
    assert {rdata.exchange.to_text() for rdata in reply.answer[0]} == hosts


def test_foreign_zones_transfers_and_other_classes_are_refused(server: DnsServer, publish: Publish) -> None:
    """The server answers for its own zones and for nothing else."""
    for query in (
        dns.message.make_query("elsewhere.test", "A"),
        dns.message.make_query("flotilla.test", "AXFR"),
        dns.message.make_query("flotilla.test", "SOA", rdclass="CH"),
    ):
        assert by_udp(server, query).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        (struct.pack("!HHHHHH", 7, 0x0100, 0, 0, 0, 0), dns.rcode.FORMERR),
        (struct.pack("!HHHHHH", 7, 0x0100, 2, 0, 0, 0), dns.rcode.FORMERR),
        (struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\xc0\x0c", dns.rcode.FORMERR),
        (struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x7f" + b"x" * 127 + b"\0\0\1\0\1", dns.rcode.FORMERR),
        (struct.pack("!HHHHHH", 7, 0x2800, 1, 0, 0, 0) + b"\0\0\6\0\1", dns.rcode.NOTIMP),
    ],
)
def test_a_malformed_query_is_told_so(server: DnsServer, packet: bytes, code: int) -> None:
    """No question, two questions, a name that points to itself, a label too long, another opcode."""
    reply = dns.message.from_wire(raw_udp(server, packet))
    assert (reply.id, reply.rcode()) == (7, code)


def test_noise_and_answers_get_no_answer(server: DnsServer, publish: Publish) -> None:
    """Too little for a header, or itself an answer: silence; and the server goes on."""
    publish("www", "A", "127.10.1.11")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.3)
        for packet in (b"", b"noise", struct.pack("!HHHHHH", 7, 0x8000, 1, 0, 0, 0)):
            client.sendto(packet, (server.address, server.port))
        with pytest.raises(TimeoutError):
            client.recv(512)
    assert by_udp(server, dns.message.make_query("www.flotilla.test", "A")).answer


def test_one_connection_takes_several_queries(server: DnsServer, publish: Publish) -> None:
    """TCP clients may keep the connection (RFC 7766), and queries sent at once are all answered."""
    publish("www", "A", "127.10.1.11")
    query = dns.message.make_query("www.flotilla.test", "A")
    with socket.create_connection((server.address, server.port), timeout=TIMEOUT_S) as connection:
        wire = query.to_wire()
        connection.sendall((struct.pack("!H", len(wire)) + wire) * 3)
        for _ in range(3):
            reply, _ = dns.query.receive_tcp(connection, expiration=time.time() + TIMEOUT_S)
            assert reply.answer


def test_a_broken_connection_harms_nobody(server: DnsServer, publish: Publish) -> None:
    """A client that promises more than it sends, or hangs up at once, does not stop the server."""
    publish("www", "A", "127.10.1.11")
    for fragment in (b"", b"\0", b"\xff\xffabc"):
        with socket.create_connection((server.address, server.port), timeout=TIMEOUT_S) as connection:
            connection.sendall(fragment)
    assert by_tcp(server, dns.message.make_query("www.flotilla.test", "A")).answer


def test_a_silent_connection_does_not_hold_others_up(server: DnsServer, publish: Publish) -> None:
    """Each TCP client has a thread of its own."""
    publish("www", "A", "127.10.1.11")
    with socket.create_connection((server.address, server.port), timeout=TIMEOUT_S):
        assert by_tcp(server, dns.message.make_query("www.flotilla.test", "A")).answer


def test_a_taken_port_is_one_clear_error(server: DnsServer, store: Store) -> None:
    """A second server on the port names the port and says how to find who has it."""
    with pytest.raises(FlotillaError, match=rf"sandbox\.dns: 127\.0\.0\.1 port {server.port} cannot be listened on"):
        DnsServer(store, "127.0.0.1", server.port).start()


def test_a_stopped_server_frees_its_port(store: Store) -> None:
    """Stop, and start again on the same port; stopping twice is harmless."""
    server = DnsServer(store, "127.0.0.1", 0)
    server.start()
    server.stop()
    server.stop()
    server.start()
    assert by_tcp(server, dns.message.make_query("x.test", "A")).rcode() == dns.rcode.REFUSED
    server.stop()


def test_a_fault_of_the_store_is_servfail(server: DnsServer, store: Store) -> None:
    """Where the records cannot be read, the client hears of it instead of waiting."""
    for each in server._servers:
        each.zones = lambda: [][0]
    assert by_udp(server, dns.message.make_query("www.flotilla.test", "A")).rcode() == dns.rcode.SERVFAIL
