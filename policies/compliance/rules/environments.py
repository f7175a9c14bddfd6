"""
Staging against production: alike enough that a rehearsal means something, apart enough that it harms nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from policies.framework import (
    UNKNOWN,
    Finding,
    Fixtures,
    Level,
    Option,
    Options,
    Resource,
    Stack,
    StackRule,
    get,
    text,
)
from policies.framework.kinds import FLEET, HCLOUD_NETWORK

from .declared import Pool, is_known, pools
from .examples import POOLS, fleet, made
from .references import CAPACITY, CHANGES, SEPARATION

CHECKOUT = Path(__file__).resolve().parents[3]
# Stands for the settings of another stack; the engine knows no such type. Without one, the checkout's own file is read.
SETTINGS = "flotilla:settings:Environment"
STACKS = {
    "staging": Option("staging", "The stack that changes are tried in."),
    "production": Option("production", "The stack that they are tried for."),
}


@cache
def committed(stack: str) -> Mapping[str, Any]:
    """
    An environment as the checkout's `Pulumi.<stack>.yaml` has it; empty when there is none, or none that can be read.
    """
    import yaml  # only the rules of two stacks need it

    try:
        document = yaml.safe_load((CHECKOUT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    found = get(document, "config.flotilla:environment")
    return found if isinstance(found, dict) else {}


def _two(stack: Stack, options: Options) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """
    What staging and production declare, one of them the fleet that is judged; None where there are not two to compare.
    """
    if stack.fleet is None or stack.fleet.stack not in options.values():
        return None
    own, other = stack.fleet.stack, str(options["production" if stack.fleet.stack == options["staging"] else "staging"])
    given = {found.name: found.props for found in stack.of(SETTINGS)}
    theirs = given.get(other, {}) if given else committed(other)
    if not theirs or not is_known([stack.fleet.props, theirs]):
        return None
    return (stack.fleet.props, theirs) if own == options["staging"] else (theirs, stack.fleet.props)


def _larger(stack: Stack, options: Options) -> Iterator[Finding]:
    for staging, production in filter(None, [_two(stack, options)]):
        ours, theirs = pools(staging), pools(production)
        for what, unit in (("memory_gb", "GB of memory"), ("cores", "cores"), ("disk_gb", "GB of volumes")):
            small, large = (sum(_size(pool, what) for pool in found) for found in (ours, theirs))
            if theirs and small > large:
                message = f"{options['staging']} has {small} {unit}, {options['production']} has {large}"
                yield Finding(message=message, resource=stack.fleet)


def _size(pool: Pool, what: str) -> int:
    return pool.count * pool.volume_gb if what == "disk_gb" else int(getattr(pool, what))


def _unlike(stack: Stack, options: Options) -> Iterator[Finding]:
    names = {key: str(options[key]) for key in STACKS}
    two = _two(stack, names)
    if two is None:
        return
    ours, theirs = ({role for pool in pools(found) for role in pool.roles} for found in two)
    for role in options["roles"] if ours and theirs else ():
        if (role in ours) != (role in theirs):
            has, lacks = (names["staging"], names["production"])[:: 1 if role in ours else -1]
            yield Finding(message=f"{has} has servers with the role `{role}`, {lacks} has none", resource=stack.fleet)


def _overlap(stack: Stack, options: Options) -> Iterator[Finding]:
    two = _two(stack, options)
    if two is None or stack.fleet is None:
        return
    theirs = text(two[1] if stack.fleet.props is two[0] else two[0], "network.cidr")
    for network in stack.of(HCLOUD_NETWORK):
        ours = text(network.props, "ipRange")
        if ours and theirs and ipaddress.ip_network(ours).overlaps(ipaddress.ip_network(theirs)):
            message = f"its addresses {ours} overlap {theirs} of the other environment"
            yield Finding(message=message, resource=network)


def _names(stack: Stack, options: Options) -> Iterator[Finding]:
    for staging, production in filter(None, [_two(stack, options)]):
        if text(staging, "domain") and text(staging, "domain") == text(production, "domain"):
            yield Finding(message=f"both environments answer to {text(staging, 'domain')}", resource=stack.fleet)


def _other(name: str = "production", **changes: Any) -> Resource:
    """
    An example of another stack's settings.
    """
    declared = {"domain": f"{name}.example.com", "location": "fsn1", "network": {"cidr": "10.99.0.0/16"}, "servers": POOLS}
    return Resource(type=SETTINGS, name=name, props={**declared, **changes})


def _staging(**changes: Any) -> Resource:
    return fleet(stack="staging", domain="staging.example.com", **changes)


def _network(cidr: Any) -> Resource:
    return made(HCLOUD_NETWORK, stack="staging", ipRange=cidr)


MORE = {**POOLS, "app": {**POOLS["app"], "count": 5}}
RULES: tuple[StackRule, ...] = (
    StackRule(
        id="staging-not-larger",
        description="Staging is not larger than production: in memory, cores or volumes.",
        level=Level.MANDATORY,
        types=(FLEET, SETTINGS),
        remediation="Lower `type`, `count` or `volume_gb` of a pool in Pulumi.staging.yaml.",
        references=(CAPACITY, SEPARATION),
        options=STACKS,
        check=_larger,
        fixtures=Fixtures(
            passes=[[_staging(), _other()], [fleet(), _other("staging")], [fleet(stack="local", pools=MORE), _other()]],
            fails=[
                [_staging(pools=MORE), _other()],
                [fleet(), _other("staging", servers=MORE)],
                [_staging(pools={"app": {**POOLS["app"], "type": "cx23", "volumeGb": 900}}), _other()],
            ],
            unknown=[[_staging(pools=UNKNOWN), _other()]],
            absent=[[_staging(pools=MORE), _other("elsewhere")], [_staging(pools=MORE), _other(servers=None)]],
            absent_fails=False,
        ),
    ),
    StackRule(
        id="environments-alike",
        description="Staging and production have servers with the same roles, so that what works in one works in the other.",
        level=Level.MANDATORY,
        types=(FLEET, SETTINGS),
        remediation="Give the role to a pool of the other environment too.",
        references=(SEPARATION, CHANGES),
        options={**STACKS, "roles": Option(("app", "ingress", "db", "backup", "monitoring"), "The roles that are compared.")},
        check=_unlike,
        fixtures=Fixtures(
            passes=[[_staging(), _other()]],
            fails=[
                [_staging(pools={"app": POOLS["app"]}), _other()],
                [fleet(), _other("staging", servers={"app": POOLS["app"]})],
            ],
            unknown=[[_staging(pools=UNKNOWN), _other()]],
            absent=[[_staging(), _other("elsewhere")], []],
            absent_fails=False,
        ),
    ),
    StackRule(
        id="environments-apart",
        description="The private networks of staging and production do not overlap.",
        level=Level.MANDATORY,
        types=(FLEET, HCLOUD_NETWORK, SETTINGS),
        remediation="Take another `network.cidr` in Pulumi.staging.yaml.",
        references=(SEPARATION,),
        options=STACKS,
        check=_overlap,
        fixtures=Fixtures(
            passes=[[_staging(), _network("10.10.0.0/16"), _other()]],
            fails=[[_staging(), _network("10.99.1.0/24"), _other()]],
            unknown=[[_staging(), _network(UNKNOWN), _other()]],
            absent=[
                [_staging(), made(HCLOUD_NETWORK, stack="staging"), _other()],
                [_staging(), _network("10.0.0.0/8"), _other(network=None)],
            ],
            absent_fails=False,
        ),
    ),
    StackRule(
        id="environments-domains",
        description="Staging and production answer to different names.",
        level=Level.MANDATORY,
        types=(FLEET, SETTINGS),
        remediation="Take another `domain` in Pulumi.staging.yaml.",
        references=(SEPARATION,),
        options=STACKS,
        check=_names,
        fixtures=Fixtures(
            passes=[[_staging(), _other()]],
            fails=[[_staging(), _other(domain="staging.example.com")]],
            unknown=[[fleet(stack="staging", domain=UNKNOWN), _other()]],
            absent=[[fleet(stack="staging", domain=None), _other(domain=None)]],
            absent_fails=False,
        ),
    ),
)
