"""
The packet rules of an instance, as one nft table: public addresses, firewalls, and what keeps machines out of the host.

Pure: documents in, text out. The whole table is loaded at once (`nft -f -`), so no packet ever meets half of it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence

from sandbox.cloud.machines.model import Guard, Rule

EVERYWHERE = ipaddress.ip_network("0.0.0.0/0")
PLAIN_PROTOCOLS = {"icmp": "meta l4proto icmp", "esp": "meta l4proto esp", "gre": "meta l4proto gre"}


def table_name(instance_id: str) -> str:
    """
    The name of the instance's table.
    """
    return f"flotilla_{instance_id}"


def removal(instance_id: str) -> str:
    """
    Removes the table, whether it is there or not.
    """
    name = table_name(instance_id)
    return f"table ip {name}\ndelete table ip {name}\n"


def removal_of_leftovers(ruleset: str, instance_id: str, machine_range: str) -> str:
    """
    Removes the tables of instances that had these public addresses before; `ruleset` is what `nft list ruleset` prints. An
    instance whose Docker was taken away from under it leaves its table in the kernel, where it is asked beside ours.
    """
    tables = re.split(r"^table ip (?=flotilla_)", ruleset, flags=re.MULTILINE)[1:]
    names = [table.split(maxsplit=1)[0] for table in tables if f"ip daddr {machine_range} reject" in table]
    return "".join(f"delete table ip {name}\n" for name in names if name != table_name(instance_id))


def render(
    instance_id: str,
    bridge: str,
    machine_range: str,
    guards: Sequence[Guard],
    containers: Mapping[int, str],
    balancers: Mapping[str, str],
) -> str:
    """
    The whole table. `machine_range` is "first-last" of the instance's public addresses; `containers` maps the server id of
    each running machine to its container's address on the bridge, `balancers` the public address of each running load balancer
    to that of its container.

    A public address behind which nothing runs answers with "host unreachable": never with what listens on the host itself.
    """
    ordered = sorted(guards, key=lambda guard: guard.server_id)
    served = [(guard, containers[guard.server_id]) for guard in ordered if guard.server_id in containers]
    public = [(guard, address) for guard, address in served if guard.public_ips]
    translated = [(ip, address) for guard, address in public for ip in guard.public_ips] + sorted(balancers.items())
    chains = [
        *(_rule_chain(f"in_{guard.server_id}", guard.inbound, "saddr") for guard, _ in public if guard.inbound is not None),
        *(_rule_chain(f"out_{guard.server_id}", guard.outbound, "daddr") for guard, _ in served if guard.outbound is not None),
        _chain(
            "to_machine",
            "type nat hook output priority -110; policy accept;",
            (f"ip daddr {ip} dnat to {address}" for ip, address in translated),
        ),
        _chain(
            "from_host",
            "type nat hook postrouting priority srcnat - 10; policy accept;",
            [f'ip saddr 127.0.0.0/8 oifname "{bridge}" masquerade'],
        ),
        _chain("inbound", "type filter hook output priority filter + 10; policy accept;", [*_inbound(public, machine_range)]),
        _chain("outbound", "type filter hook forward priority filter - 10; policy accept;", _outbound(served, bridge)),
        _chain(
            "to_host",
            "type filter hook input priority filter - 10; policy accept;",
            [f'iifname "{bridge}" ip daddr 127.0.0.0/8 ct state new drop'],
        ),
    ]
    return removal(instance_id) + f"table ip {table_name(instance_id)} {{\n" + "\n".join(chains) + "}\n"


def _inbound(public: Iterable[tuple[Guard, str]], machine_range: str) -> Iterable[str]:
    yield f"ip daddr {machine_range} reject with icmp type host-unreachable"
    for guard, _ in public:
        for ip in guard.public_ips if guard.inbound is not None else ():
            yield f"ct direction original ct original ip daddr {ip} ct state new jump in_{guard.server_id}"


def _outbound(served: Iterable[tuple[Guard, str]], bridge: str) -> Iterable[str]:
    for guard, address in served:
        if guard.outbound is not None:
            yield f'iifname "{bridge}" ip saddr {address} ct state new jump out_{guard.server_id}'


def _rule_chain(name: str, rules: Sequence[Rule] | None, side: str) -> str:
    """
    A server's own chain: what a rule allows, then nothing more.
    """
    allowed = (line for rule in rules or () if (line := _rule(rule, side)))
    return _chain(name, None, [*allowed, "drop"])


def _rule(rule: Rule, side: str) -> str | None:
    """
    One rule as nft says it, or None where it names no IPv4 range: IPv6 does not exist in the sandbox.
    """
    ranges = sorted({ipaddress.ip_network(text, strict=False) for text in rule.ranges})
    if not ranges:
        return None
    parts = []
    if EVERYWHERE not in ranges:
        merged = ipaddress.collapse_addresses(range_ for range_ in ranges if isinstance(range_, ipaddress.IPv4Network))
        parts.append(f"ip {side} {{ {', '.join(map(str, merged))} }}")
    if rule.protocol in ("tcp", "udp"):
        parts.append(f"{rule.protocol} dport {rule.ports}" if rule.ports else f"meta l4proto {rule.protocol}")
    else:
        parts.append(PLAIN_PROTOCOLS[rule.protocol])
    return " ".join([*parts, "accept"])


def _chain(name: str, hook: str | None, lines: Iterable[str]) -> str:
    body = [*([hook] if hook else []), *lines]
    return f"\tchain {name} {{\n" + "".join(f"\t\t{line}\n" for line in body) + "\t}\n"
