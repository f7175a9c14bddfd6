"""
Firewall rules: as inputs, as the API has them, and what it would reject.
"""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any, Final

from sandbox.plugins.hcloud.resource import without_none
from sandbox.plugins.provider import UNKNOWN, Failure, Properties, has_unknown

if TYPE_CHECKING:
    from sandbox.plugins.hcloud.api import Json

DIRECTIONS: Final = ("in", "out")
PROTOCOLS: Final = ("tcp", "udp", "icmp", "esp", "gre")
WITH_PORTS: Final = ("tcp", "udp")


def rule_body(rule: Properties) -> Json:
    """
    A rule as the API takes it.
    """
    return without_none(
        {
            "direction": rule["direction"],
            "protocol": rule["protocol"],
            "port": rule.get("port") or None,
            "source_ips": [_range(item) for item in rule.get("sourceIps") or []],
            "destination_ips": [_range(item) for item in rule.get("destinationIps") or []],
            "description": rule.get("description") or None,
        }
    )


def rule_state(rule: Json) -> Properties:
    """
    A rule as the engine records it.
    """
    return without_none(
        {
            "direction": rule["direction"],
            "protocol": rule["protocol"],
            "port": rule.get("port"),
            "sourceIps": rule.get("source_ips") or None,
            "destinationIps": rule.get("destination_ips") or None,
            "description": rule.get("description"),
        }
    )


def _range(text: str) -> str:
    """
    An address or range in the API's form: a range, in lower case and shortest.
    """
    return str(ipaddress.ip_network(text))


def check_rule(path: str, rule: Any) -> list[Failure]:
    """
    What the API would reject about a rule.
    """
    if not isinstance(rule, dict):
        return []
    failures = []
    for key, allowed in (("direction", DIRECTIONS), ("protocol", PROTOCOLS)):
        if rule.get(key) is not UNKNOWN and rule.get(key) not in allowed:
            failures.append(_rule_failure(f"{path}.{key}", f"{rule.get(key)} is not one of {', '.join(allowed)}"))
    if rule.get("protocol") in WITH_PORTS and not rule.get("port"):
        failures.append(_rule_failure(f"{path}.port", f"{rule['protocol']} needs a port, such as 80, 80-85 or any"))
    for key in ("sourceIps", "destinationIps"):
        for index, item in enumerate(known_list(rule.get(key))):
            failures += _check_address(f"{path}.{key}[{index}]", item)
    return failures


def _check_address(path: str, value: Any) -> list[Failure]:
    if value is UNKNOWN:
        return []
    try:
        _range(value)
    except ValueError as error:
        return [_rule_failure(path, str(error))]
    return []


def _rule_failure(path: str, fact: str) -> Failure:
    return Failure(property=path, reason=f"{path}: {fact}. Nothing was changed. Correct it.")


def known_list(value: Any) -> list[Any]:
    """
    The value where it is a known list, else none.
    """
    return value if isinstance(value, list) else []


def as_set(items: Any) -> set[str]:
    """
    Things whose order says nothing, for comparing.
    """
    return {identity(_normal(item)) for item in items or []}


def _normal(item: Any) -> Any:
    """
    A rule as the API would give it back; anything else as it is.
    """
    if isinstance(item, dict) and "direction" in item and not has_unknown(item):
        rule = rule_body(item)
        return rule | {key: sorted(rule[key]) for key in ("source_ips", "destination_ips")}
    return item


def identity(item: Any) -> str:
    """
    One text for equal things.
    """
    return json.dumps(item, sort_keys=True)
