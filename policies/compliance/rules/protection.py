"""
That data is not deleted by a slip, here or in the cloud's console, and that names belong to the environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.framework import (
    UNKNOWN,
    Finding,
    Fixtures,
    Level,
    Options,
    Resource,
    Rule,
    Stack,
    StackRule,
    each,
    get,
    is_sandbox,
    text,
)
from policies.framework.kinds import DNS_RECORD, FLEET, FLOATING_IP, HCLOUD_NETWORK, PRIMARY_IP, SERVER, VOLUME

from .declared import is_known
from .examples import fleet, made
from .references import BACKUP_COPIES, CONFIGURATION, INVENTORY, RESILIENCE

KEPT = (SERVER, VOLUME, HCLOUD_NETWORK, FLOATING_IP, PRIMARY_IP)


def _guards(resource: Resource) -> tuple[str, ...]:
    """
    The properties that guard it; Hetzner wants both of a server's, or none.
    """
    return ("deleteProtection", "rebuildProtection") if resource.type == SERVER else ("deleteProtection",)


def _open(resource: Resource) -> list[str]:
    return [name for name in _guards(resource) if get(resource.props, name) not in (True, UNKNOWN)]


def _unguarded(resource: Resource, _: Options) -> Iterator[str]:
    if not is_sandbox(resource.stack) and _open(resource):
        yield f"anybody with a token can delete it: {' and '.join(_open(resource))} is off"


def _guard(resource: Resource, _: Options) -> Mapping[str, Any]:
    if is_sandbox(resource.stack) or not _open(resource):
        return {}
    return dict.fromkeys(_guards(resource), True)


def _foreign(stack: Stack, _: Options) -> Iterator[Finding]:
    if stack.fleet is None or not is_known([stack.fleet.props.get(key) for key in ("zones", "domain")]):
        return
    named = [*each(stack.fleet.props, "zones"), text(stack.fleet.props, "domain")]
    zones = [zone for zone in named if isinstance(zone, str) and zone]
    for record in stack.of(DNS_RECORD):
        name = text(record.props, "name").rstrip(".").lower()
        if name and not any(name == zone or name.endswith(f".{zone}") for zone in zones):
            yield Finding(message=f"{name} is in no zone of the environment", resource=record)


def _on(kind: str, stack: str = "production", **changes: Any) -> Resource:
    return made(kind, stack=stack, **{"deleteProtection": True, "rebuildProtection": True, **changes})


RULES: tuple[Rule | StackRule, ...] = (
    Rule(
        id="data-deletion-protection",
        description="Servers, volumes, networks and addresses cannot be deleted by one call to Hetzner.",
        level=Level.REMEDIATE,
        types=KEPT,
        remediation="Nothing has to be done where the pack may remedy it. Otherwise set `deleteProtection`.",
        references=(RESILIENCE, BACKUP_COPIES, CONFIGURATION),
        check=_unguarded,
        fix=_guard,
        fixtures=Fixtures(
            passes=[*(_on(kind) for kind in KEPT), _on(VOLUME, "local", deleteProtection=False)],
            fails=[_on(VOLUME, deleteProtection=False), _on(SERVER, rebuildProtection=False)],
            unknown=[_on(VOLUME, deleteProtection=UNKNOWN)],
            absent=[made(VOLUME), made(SERVER)],
            absent_fails=True,
        ),
    ),
    StackRule(
        id="dns-zones-owned",
        description="Names are in zones that the environment has.",
        level=Level.MANDATORY,
        types=(FLEET, DNS_RECORD),
        remediation="Add the zone to `zones` in Pulumi.<stack>.yaml if it is yours, or take the name out of `domains`.",
        references=(INVENTORY,),
        check=_foreign,
        fixtures=Fixtures(
            passes=[
                [fleet(), made(DNS_RECORD, name="shop.example.com"), made(DNS_RECORD, name="example.com")],
                [fleet(zones=["ledger.test"]), made(DNS_RECORD, name="www.ledger.test")],
            ],
            fails=[[fleet(), made(DNS_RECORD, name="notexample.com")], [fleet(), made(DNS_RECORD, name="shop.other.org")]],
            unknown=[
                [fleet(), made(DNS_RECORD, name=UNKNOWN)],
                [fleet(zones=UNKNOWN), made(DNS_RECORD, name="shop.other.org")],
            ],
            absent=[[fleet(), made(DNS_RECORD)], [made(DNS_RECORD, name="shop.other.org")]],
            absent_fails=False,
        ),
    ),
)
