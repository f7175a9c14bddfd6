"""
What things are called, in the cloud's console and on the Internet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.framework import (
    UNKNOWN,
    Finding,
    Fixtures,
    Level,
    Option,
    Options,
    Resource,
    Rule,
    Stack,
    StackRule,
    each,
    get,
    lacks,
    text,
)
from policies.framework.kinds import DNS_RECORD, FIREWALL, FLEET, HCLOUD_NETWORK, LOAD_BALANCER, PLACEMENT_GROUP, SERVER, VOLUME

from .declared import is_known
from .examples import fleet, made
from .labels import LABELLED
from .references import INVENTORY, MAP, SEPARATION

# What belongs to the whole project at Hetzner, where two environments in one project would meet.
SHARED = (HCLOUD_NETWORK, FIREWALL, PLACEMENT_GROUP, LOAD_BALANCER)


def _pattern(resource: Resource, options: Options) -> Iterator[str]:
    name = get(resource.props, "name")
    if lacks(resource.props, "name"):
        yield "it has no name of its own, so that it would get one with random letters"
    elif isinstance(name, str) and re.fullmatch(str(options["pattern"]), name) is None:
        yield f"its name {name[:80]!r} is not like {options['pattern']}"


def _prefix(resource: Resource, _: Options) -> Iterator[str]:
    name = text(resource.props, "name")
    if name and name != resource.stack and not name.startswith(f"{resource.stack}-"):
        yield f"its name `{name}` does not begin with `{resource.stack}`"


def _foreign(stack: Stack, _: Options) -> Iterator[Finding]:
    if stack.fleet is None or not is_known([stack.fleet.props.get(key) for key in ("zones", "domain")]):
        return
    named = [*each(stack.fleet.props, "zones"), text(stack.fleet.props, "domain")]
    zones = [zone for zone in named if isinstance(zone, str) and zone]
    for record in stack.of(DNS_RECORD):
        name = text(record.props, "name").rstrip(".").lower()
        if name and not any(name == zone or name.endswith(f".{zone}") for zone in zones):
            yield Finding(message=f"{name} is in no zone of the environment", resource=record)


RULES: tuple[Rule | StackRule, ...] = (
    Rule(
        id="names-pattern",
        description="Cloud resources have names that say what they are, in lower case with hyphens.",
        level=Level.MANDATORY,
        types=LABELLED,
        remediation="Set `name` to words of a-z and 0-9 with hyphens between them.",
        references=(INVENTORY, MAP),
        options={"pattern": Option("[a-z][a-z0-9]*(-[a-z0-9]+)*", "What a whole name looks like, as a regular expression.")},
        check=_pattern,
        fixtures=Fixtures(
            passes=[made(SERVER, name="app-1"), made(VOLUME, name="app-1-data")],
            fails=[made(SERVER, name="App_1"), made(SERVER, name="web--1"), made(SERVER, name="a" * 99 + "!")],
            unknown=[made(SERVER, name=UNKNOWN)],
            absent=[made(SERVER)],
            absent_fails=True,
        ),
    ),
    Rule(
        id="names-environment",
        description="What an environment shares between its servers is named after the environment.",
        level=Level.MANDATORY,
        types=SHARED,
        remediation="Begin the name with the environment's name and a hyphen.",
        references=(SEPARATION, INVENTORY),
        check=_prefix,
        fixtures=Fixtures(
            passes=[made(HCLOUD_NETWORK, name="production"), made(FIREWALL, name="production-app")],
            fails=[made(FIREWALL, name="app"), made(HCLOUD_NETWORK, stack="staging", name="production")],
            unknown=[made(FIREWALL, name=UNKNOWN)],
            absent=[made(FIREWALL)],
            absent_fails=False,
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
