"""
The packet rules as text.
"""

from sandbox.cloud.hetzner import wanted
from sandbox.cloud.machines import firewall
from sandbox.cloud.machines.model import Guard, Rule

SPAN = "127.10.4.11-127.10.4.250"
WHOLE_TABLE = """\
table ip flotilla_0a1b2c3d
delete table ip flotilla_0a1b2c3d
table ip flotilla_0a1b2c3d {
\tchain in_2 {
\t\tip saddr { 127.0.0.5/32, 127.1.0.0/16 } tcp dport 22 accept
\t\ttcp dport 8000-8100 accept
\t\tmeta l4proto udp accept
\t\tmeta l4proto icmp accept
\t\tdrop
\t}

\tchain in_3 {
\t\tdrop
\t}

\tchain out_2 {
\t\tip daddr { 10.0.0.0/8 } udp dport 53 accept
\t\tdrop
\t}

\tchain to_machine {
\t\ttype nat hook output priority -110; policy accept;
\t\tip daddr 127.10.4.11 dnat to 172.18.0.2
\t\tip daddr 127.10.4.12 dnat to 172.18.0.3
\t\tip daddr 127.10.4.13 dnat to 172.18.0.4
\t}

\tchain from_host {
\t\ttype nat hook postrouting priority srcnat - 10; policy accept;
\t\tip saddr 127.0.0.0/8 oifname "br-1" masquerade
\t}

\tchain inbound {
\t\ttype filter hook output priority filter + 10; policy accept;
\t\tip daddr 127.10.4.11-127.10.4.250 reject with icmp type host-unreachable
\t\tct direction original ct original ip daddr 127.10.4.12 ct state new jump in_2
\t\tct direction original ct original ip daddr 127.10.4.13 ct state new jump in_3
\t}

\tchain outbound {
\t\ttype filter hook forward priority filter - 10; policy accept;
\t\tiifname "br-1" ip saddr 172.18.0.3 ct state new jump out_2
\t}

\tchain to_host {
\t\ttype filter hook input priority filter - 10; policy accept;
\t\tiifname "br-1" ip daddr 127.0.0.0/8 ct state new drop
\t}
}
"""


def test_whole_table() -> None:
    """
    One server without a firewall, one with rules both ways, one whose firewall allows nothing, one that is off.
    """
    inbound = (
        Rule(protocol="tcp", ports="22", ranges=("127.1.0.0/16", "127.0.0.5/32")),
        Rule(protocol="tcp", ports="8000-8100", ranges=("0.0.0.0/0",)),
        Rule(protocol="udp", ports=None, ranges=("0.0.0.0/0", "10.0.0.0/8")),
        Rule(protocol="icmp", ports=None, ranges=("0.0.0.0/0",)),
        Rule(protocol="tcp", ports="443", ranges=()),
    )
    guards = [
        Guard(server_id=3, public_ips=("127.10.4.13",), inbound=()),
        Guard(server_id=1, public_ips=("127.10.4.11",)),
        Guard(
            server_id=2,
            public_ips=("127.10.4.12",),
            inbound=inbound,
            outbound=(Rule(protocol="udp", ports="53", ranges=("10.0.0.0/8",)),),
        ),
        Guard(server_id=4, public_ips=("127.10.4.14",), inbound=()),
    ]
    text = firewall.render("0a1b2c3d", "br-1", SPAN, guards, {1: "172.18.0.2", 2: "172.18.0.3", 3: "172.18.0.4"}, {})
    assert text.replace("\n\n", "\n") == WHOLE_TABLE.replace("\n\n", "\n")


def test_server_without_public_address() -> None:
    """
    A server with private networks only has no way in from the host.
    """
    text = firewall.render("0a1b2c3d", "br-1", SPAN, [Guard(server_id=1, inbound=())], {1: "172.18.0.2"}, {})
    assert "172.18.0.2" not in text
    assert "in_1" not in text


def test_every_public_address_of_a_server_is_guarded() -> None:
    """
    A floating address leads to the machine as its own does, and past the same firewall.
    """
    guard = Guard(server_id=1, public_ips=("127.10.4.11", "127.10.4.20"), inbound=())
    text = firewall.render("0a1b2c3d", "br-1", SPAN, [guard], {1: "172.18.0.2"}, {})
    for ip in guard.public_ips:
        assert f"ip daddr {ip} dnat to 172.18.0.2" in text
        assert f"ct original ip daddr {ip} ct state new jump in_1" in text


def test_load_balancers_have_no_firewall() -> None:
    """
    A load balancer's public address is translated, and nothing else is said about it.
    """
    text = firewall.render("0a1b2c3d", "br-1", SPAN, [], {}, {"127.10.4.30": "172.18.0.9"})
    assert [line.strip() for line in text.splitlines() if "127.10.4.30" in line] == ["ip daddr 127.10.4.30 dnat to 172.18.0.9"]


SERVERS = [{"id": 1, "labels": {"role": "web"}}, {"id": 2, "labels": {"role": "db"}}]
ADDRESSES = [
    {"id": 9, "type": "ipv4", "ip": "127.10.4.11", "assignee_id": 1},
    {"id": 8, "type": "ipv6", "ip": "2001:db8::/64", "assignee_id": 1},
    {"id": 7, "type": "ipv4", "ip": "127.10.4.12", "assignee_id": None},
]
FLOATING = [
    {"id": 5, "type": "ipv4", "ip": "127.10.4.20", "server": 1},
    {"id": 6, "type": "ipv4", "ip": "127.10.4.21", "server": None},
    {"id": 7, "type": "ipv6", "ip": "2001:db8:4:8001::/64", "server": 2},
]


def _rule(**fields: object) -> dict[str, object]:
    return {"direction": "in", "protocol": "tcp", "port": "80", "source_ips": [], "destination_ips": [], **fields}


def test_label_selector_reaches_servers_by_their_labels() -> None:
    """
    A firewall applied to a label selector guards the servers that have the labels, and no other.
    """
    selected = {"type": "label_selector", "label_selector": {"selector": "role=web"}}
    rules = [_rule(source_ips=["0.0.0.0/0", "::/0"]), _rule(source_ips=["::/0"])]
    first, second = wanted.guards(SERVERS, [{"rules": rules, "applied_to": [selected]}], ADDRESSES, FLOATING)
    assert first.public_ips == ("127.10.4.11", "127.10.4.20")
    assert first.inbound == (
        Rule(protocol="tcp", ports="80", ranges=("0.0.0.0/0",)),
        Rule(protocol="tcp", ports="80", ranges=()),
    )
    assert first.outbound is None
    assert second == Guard(server_id=2)


def test_rules_of_all_firewalls_of_a_server_add_up() -> None:
    """
    Two firewalls on one server allow what either allows; an outbound rule closes the way out for all else.
    """
    here = {"type": "server", "server": {"id": 2}}
    one = {"rules": [_rule(source_ips=["10.0.0.0/8"])], "applied_to": [here]}
    two = {"rules": [_rule(direction="out", port="any", destination_ips=["0.0.0.0/0"])], "applied_to": [here]}
    guard = wanted.guards(SERVERS, [one, two], ADDRESSES, [])[1]
    assert guard.inbound == (Rule(protocol="tcp", ports="80", ranges=("10.0.0.0/8",)),)
    assert guard.outbound == (Rule(protocol="tcp", ports=None, ranges=("0.0.0.0/0",)),)


def test_tables_that_others_have_left_in_the_block_are_removed() -> None:
    """Those with the same public addresses, whatever machines they had; never our own, another block's, or somebody else's."""
    table = "table ip {} {{\n\tchain inbound {{\n\t\tip daddr {} reject with icmp host-unreachable\n\t}}\n}}\n"
    ours, left = table.format("flotilla_0a1b2c3d", SPAN), table.format("flotilla_99999999", SPAN)
    elsewhere = table.format("flotilla_88888888", "127.10.5.11-127.10.5.250")
    docker = "table ip nat {\n\tchain OUTPUT {\n\t}\n}\n"

    assert firewall.removal_of_leftovers(docker + ours + elsewhere, "0a1b2c3d", SPAN) == ""
    found = firewall.removal_of_leftovers(docker + left + ours + elsewhere, "0a1b2c3d", SPAN)
    assert found == "delete table ip flotilla_99999999\n"
