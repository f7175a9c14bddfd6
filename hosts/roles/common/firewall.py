"""
What may reach a server, and the containers on it: nothing but what is named here.

One nft table of our own, replaced in one step. Docker's and fail2ban's tables are theirs: they come and go with them, nothing
here flushes them, and what they accept is not let in by that: a packet has to be accepted by every table that it meets. So the
containers' part is not in Docker's chain DOCKER-USER: this one is there before Docker is, and stays when Docker goes.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from hosts.host import Host
from hosts.items import Command, File, Item, Packages, Program, Unit

TABLE = "flotilla"
RULES = "/etc/flotilla/firewall.nft"
UNIT = "flotilla-firewall.service"
SSH = 22
# Where the sandbox's machines see this computer: the first address of whichever bridge is their way out
# (sandbox/cloud/machines/networks.py). No Hetzner server ever sees one of these (RFC 6598).
SANDBOX_HOST = "ip saddr & 255.192.3.255 == 100.64.0.1"
# From here a cloud tells a server about itself. Root may ask; whoever breaks into a container may not.
METADATA = "169.254.0.0/16"

_UNIT = f"""\
[Unit]
Description=What may reach this server
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
After=local-fs.target systemd-sysctl.service

[Service]
Type=oneshot
RemainAfterExit=yes
# Never stopped by anything but the end of the machine, and then nothing has to be undone.
ExecStart=/usr/sbin/nft -f {RULES}
ExecReload=/usr/sbin/nft -f {RULES}

[Install]
WantedBy=sysinit.target
"""


def wanted(host: Host) -> Sequence[Item]:
    """
    Loaded first, written down second: rules that cut a server off are gone after a restart. The program refuses those that
    would not let the connection in that it runs over.
    """
    common = host.roles["common"]
    text = rules(common, has_containers="docker" in host.roles)
    reload: tuple[Command, ...] = (("systemctl", "daemon-reload"),)
    admitted = [*common["ssh_sources"], common["private_network"]]
    data = {"text": text, "table": TABLE, "admitted": admitted, "is_sandbox": common["is_sandbox"]}
    return [
        Packages(names=("nftables",)),
        # Debian's own unit empties every table when it starts and when it stops, Docker's too.
        Unit(unit="nftables.service", is_enabled=False, is_running=False),
        Program(program="firewall", data=data, title="packet filter"),
        File(path=RULES, content=text, mode=0o600, check=("nft", "-c", "-f", "{new}")),
        File(path=f"/etc/systemd/system/{UNIT}", content=_UNIT, notify=reload),
        Unit(unit=UNIT),
    ]


def rules(common: Mapping[str, Any], *, has_containers: bool) -> str:
    """
    The whole table, as `nft -f` takes it.
    """
    chains = [
        _chain("input", "type filter hook input priority filter; policy drop;", _input(common)),
        # Before Docker's own, which only decides about what passes here.
        _chain("forward", "type filter hook forward priority filter - 10; policy drop;", _forward(common, has_containers)),
    ]
    return (
        "# Written by Flotilla (hosts/roles/common/firewall.py). Only this table is ours.\n"
        f"table inet {TABLE}\ndelete table inet {TABLE}\n"
        f"table inet {TABLE} {{\n" + "\n".join(chains) + "}\n"
    )


def _input(common: Mapping[str, Any]) -> Iterator[str]:
    private = common["private_network"]
    yield 'iifname "lo" accept'
    yield "ct state established,related accept"
    yield "ct state invalid drop"
    # A private address that comes in where the private network is not.
    yield f"ip saddr {private} fib saddr . iif oif missing drop"
    yield "meta l4proto { icmp, ipv6-icmp } accept"
    yield "ip6 saddr fe80::/10 udp dport 546 accept"
    for family, sources in _by_family(common["ssh_sources"]):
        yield f"{family} saddr {{ {', '.join(sources)} }} tcp dport {SSH} accept"
    if common["is_sandbox"]:
        yield f"{SANDBOX_HOST} tcp dport {SSH} accept"
    for protocol, ports in common["private_ports"].items():
        if ports:
            yield f"ip saddr {private} {protocol} dport {_set(ports)} accept"
    for protocol, ports in common["public_ports"].items():
        if ports:
            yield f"{protocol} dport {_set(ports)} accept"
    yield "counter drop"


def _forward(common: Mapping[str, Any], has_containers: bool) -> Iterator[str]:
    yield "ct state established,related accept"
    yield "ct state invalid drop"
    if has_containers:
        yield f"ip daddr {METADATA} counter drop"
        yield 'iifname "docker0" accept'
        yield 'iifname "docker_gwbridge" accept'
        yield 'iifname "br-*" accept'
        for protocol, ports in common["public_ports"].items():
            for port in ports:
                yield f"meta l4proto {protocol} ct status dnat ct original proto-dst {port} accept"
    yield "counter drop"


def _by_family(sources: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    networks = [ipaddress.ip_network(source) for source in sources]
    v4 = ipaddress.collapse_addresses(network for network in networks if isinstance(network, ipaddress.IPv4Network))
    v6 = ipaddress.collapse_addresses(network for network in networks if isinstance(network, ipaddress.IPv6Network))
    for family, found in (("ip", list(map(str, v4))), ("ip6", list(map(str, v6)))):
        if found:
            yield family, found


def _set(ports: Iterable[int]) -> str:
    return f"{{ {', '.join(str(port) for port in sorted(ports))} }}"


def _chain(name: str, hook: str, lines: Iterable[str]) -> str:
    return f"\tchain {name} {{\n\t\t{hook}\n" + "".join(f"\t\t{line}\n" for line in lines) + "\t}\n"
