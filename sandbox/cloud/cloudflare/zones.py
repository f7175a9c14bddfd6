"""
Zones: the one that a sandbox starts with, and finding them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

from sandbox.cloud.cloudflare.envelope import ApiError, unroutable
from sandbox.cloud.cloudflare.state import IDENTIFIER, SERIAL, ZONE, new_id, now
from sandbox.cloud.store import Document, Store

# `.invalid` never resolves (RFC 2606): nobody takes these for servers that can be asked.
NAME_SERVERS = ("ada.ns.sandbox.invalid", "bob.ns.sandbox.invalid")

# A paid plan, since the free one refuses tags; its smallest TTL is 60 s as on every plan but Enterprise.
PLAN = {
    "id": "94f3b7b768b0458b56d2cac4fe5ec0f9",
    "name": "Pro Website",
    "price": 0,
    "currency": "USD",
    "frequency": "monthly",
    "is_subscribed": True,
    "can_subscribe": True,
    "legacy_id": "pro",
    "legacy_discount": False,
    "externally_managed": False,
}

Matcher = Callable[[str, str], bool]
NAME_OPERATORS: Mapping[str, Matcher] = {
    "equal": lambda name, wanted: name == wanted,
    "not_equal": lambda name, wanted: name != wanted,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "contains": str.__contains__,
}


def seed_zone(store: Store, name: str) -> Document:
    """
    Make the zone unless it is there already, and return it.
    """
    with store.transaction():
        for zone in store.list(ZONE):
            if zone["name"] == name.lower():
                return zone
        zone = _new_zone(name.lower(), store.next_id(SERIAL))
        return store.put(ZONE, zone["id"], zone)


def _new_zone(name: str, serial: int) -> Document:
    created = now()
    account = {"id": new_id(), "name": "Sandbox"}
    return {
        "id": hashlib.sha256(name.encode()).hexdigest()[:32],  # the same in every emulator: two previews can be compared
        "name": name,
        "status": "active",
        "paused": False,
        "type": "full",
        "development_mode": 0,
        "name_servers": list(NAME_SERVERS),
        "original_name_servers": None,
        "original_registrar": None,
        "original_dnshost": None,
        "modified_on": created,
        "created_on": created,
        "activated_on": created,
        "vanity_name_servers": [],
        "meta": {
            "step": 2,
            "custom_certificate_quota": 0,
            "page_rule_quota": 20,
            "phishing_detected": False,
            "cdn_only": False,
            "dns_only": False,
            "foundation_dns": False,
        },
        "owner": {"id": None, "type": "user", "email": None},
        "account": account,
        "tenant": {"id": None, "name": None},
        "tenant_unit": {"id": None},
        "permissions": ["#dns_records:edit", "#dns_records:read", "#zone:read"],
        "plan": PLAN,
        "serial": serial,
    }


def find_zone(store: Store, zone_id: str, path: str) -> Document:
    """
    The zone with this identifier.

    Raises: ApiError where there is none; `path` is what the client asked for.
    """
    if not IDENTIFIER.fullmatch(zone_id):
        raise unroutable(path)
    zone = store.get(ZONE, zone_id)
    if zone is None:
        raise ApiError(404, (1001, "Invalid zone identifier"))
    return zone


def select_zones(zones: Sequence[Document], filters: Mapping[str, str]) -> list[Document]:
    """
    The zones that the filters of a list request name, in the order it asks for.
    """
    tests = [test for test in map(_zone_test, filters.items()) if test is not None]
    combine = any if filters.get("match") == "any" and tests else all
    found = [zone for zone in zones if combine(test(zone) for test in tests)]
    order = filters.get("order", "name")
    if order in ("name", "status"):
        found.sort(key=lambda zone: str(zone[order]), reverse=filters.get("direction") == "desc")
    return found


def _zone_test(query: tuple[str, str]) -> Callable[[Document], bool] | None:
    field, wanted = query
    if field in ("name", "account.name"):
        return lambda zone: _text_matches(zone["name"] if field == "name" else zone["account"]["name"], wanted)
    if field == "account.id":
        return lambda zone: bool(zone["account"]["id"] == wanted)
    if field == "status":
        return lambda zone: bool(zone["status"] == wanted)
    if field == "type":
        return lambda zone: zone["type"] in wanted.split(",")
    return None


def _text_matches(value: str, wanted: str) -> bool:
    operator, colon, operand = wanted.partition(":")
    if not colon:
        operator, operand = "equal", wanted
    is_sensitive = operator.endswith("_case_sensitive")
    matcher = NAME_OPERATORS.get(operator.removesuffix("_case_sensitive"))
    if matcher is None:
        return False
    return matcher(value, operand) if is_sensitive else matcher(value.lower(), operand.lower())
