"""
Who can reach what: Hetzner's firewalls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.framework import UNKNOWN, Fixtures, Level, Option, Options, Resource, Rule, each, text
from policies.framework.kinds import FIREWALL

WORLD = frozenset({"0.0.0.0/0", "::/0"})


def firewall(*rules: Any) -> Resource:
    """
    An example of a firewall.
    """
    return Resource(type=FIREWALL, props={"name": "app", "rules": list(rules)})


def allow(port: Any, *sources: Any, protocol: str = "tcp") -> dict[str, Any]:
    """
    An example of a rule that lets something in.
    """
    return {"direction": "in", "protocol": protocol, "port": port, "sourceIps": list(sources)}


def covers(ports: str, port: int) -> bool:
    """
    Whether a firewall's `80`, `8000-9000` or `any` includes the port.
    """
    if ports == "any":
        return True
    first, _, last = ports.partition("-")
    return first.isdecimal() and int(first) <= port <= int(last if last.isdecimal() else first)


def _ssh(resource: Resource, options: Options) -> Iterator[str]:
    for rule in each(resource.props, "rules"):
        if text(rule, "direction") == "in" and text(rule, "protocol") == "tcp":
            for port in options["ports"]:
                open_to = sorted(WORLD.intersection(source for source in each(rule, "sourceIps") if isinstance(source, str)))
                if covers(text(rule, "port"), port) and open_to:
                    yield f"port {port} is open to {' and '.join(open_to)}"


SSH = Rule(
    id="ssh-open-to-world",
    description="SSH is reachable from the administrators' address ranges only.",
    level=Level.MANDATORY,
    types=(FIREWALL,),
    remediation="List the administrators' ranges in `access.sources` in Pulumi.<stack>.yaml.",
    options={"ports": Option((22,), "Ports that SSH listens on.")},
    check=_ssh,
    fixtures=Fixtures(
        passes=[firewall(allow("22", "203.0.113.0/28"))],
        fails=[firewall(allow("22", "0.0.0.0/0")), firewall(allow("20-30", UNKNOWN, "::/0"))],
        unknown=[firewall(allow("22", UNKNOWN)), firewall(allow(UNKNOWN, "0.0.0.0/0"))],
        absent=[firewall()],
        absent_fails=False,
    ),
)

RULES = (SSH,)
