"""
What goes on when one thing breaks. The rules about single servers advise: how much an outage may cost is not for a pack to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from policies.framework import UNKNOWN, Finding, Fixtures, Level, Options, Resource, Rule, Stack, StackRule, get, lacks, text
from policies.framework.kinds import FLEET, PLACEMENT_GROUP, SERVER

from .declared import PRODUCTION, counts, fleet_pools, with_role
from .examples import LABELS, POOLS, fleet, made, server
from .references import CONTINUITY, REDUNDANCY, RESILIENCE


def _alone(role: str, consequence: str) -> Callable[[Stack, Options], Iterator[Finding]]:
    def check(stack: Stack, options: Options) -> Iterator[Finding]:
        found = list(with_role(fleet_pools(stack), role))
        if stack.fleet and counts(stack.fleet.stack, options) and sum(pool.count for pool in found) == 1:
            message = f"the servers `{found[0].name}` are one: when it is down, {consequence}"
            yield Finding(message=message, resource=stack.fleet)

    return check


def _one_location(stack: Stack, options: Options) -> Iterator[Finding]:
    found = fleet_pools(stack)
    places = {pool.location for pool in found}
    if stack.fleet and counts(stack.fleet.stack, options) and len(places) == 1 and "" not in places:
        yield Finding(message=f"all servers stand in {places.pop()}", resource=stack.fleet)


def _together(stack: Stack, _: Options) -> Iterator[Finding]:
    by_pool: dict[str, list[Resource]] = {}
    for found in stack.of(SERVER):
        by_pool.setdefault(text(found.props, "labels.pool"), []).append(found)
    for pool, servers in sorted(by_pool.items()):
        for found in servers if pool and len(servers) > 1 else ():
            if lacks(found.props, "placementGroupId"):
                yield Finding(message=f"it may share its hardware with the other servers of `{pool}`", resource=found)


def _scattered(group: Resource, _: Options) -> Iterator[str]:
    if get(group.props, "type") not in ("spread", UNKNOWN):
        yield "it does not keep its servers apart"


def _pooled(name: str, **changes: Any) -> Resource:
    return server(name, labels={**LABELS, "pool": "app"}, **changes)


def _alone_rule(role: str, pool: str, description: str, consequence: str) -> StackRule:
    once, twice = ({pool: {**POOLS[pool], "count": count}} for count in (1, 2))
    return StackRule(
        id=f"availability-{role}",
        description=description,
        level=Level.ADVISORY,
        types=(FLEET,),
        remediation="Raise `count` of the pool in Pulumi.<stack>.yaml.",
        references=(REDUNDANCY, RESILIENCE),
        options=PRODUCTION,
        check=_alone(role, consequence),
        fixtures=Fixtures(
            passes=[[fleet(pools=twice)], [fleet(stack="staging", pools=once)]],
            fails=[[fleet(pools=once)]],
            unknown=[[fleet(pools=UNKNOWN)], [fleet(pools={pool: {**POOLS[pool], "roles": UNKNOWN}})]],
            absent=[[fleet(pools={})], []],
            absent_fails=False,
        ),
    )


RULES: tuple[Rule | StackRule, ...] = (
    _alone_rule("ingress", "app", "Production has more than one way in.", "no site answers"),
    _alone_rule("app", "app", "Production has more than one server for containers.", "no project runs"),
    StackRule(
        id="availability-location",
        description="Production does not stand in one place as a whole.",
        level=Level.ADVISORY,
        types=(FLEET,),
        remediation="Give a pool, at least that of the backups, another `location` in Pulumi.<stack>.yaml.",
        references=(REDUNDANCY, CONTINUITY),
        options=PRODUCTION,
        check=_one_location,
        fixtures=Fixtures(
            passes=[[fleet()], [fleet(stack="staging", pools={"app": POOLS["app"]})]],
            fails=[[fleet(pools={"app": POOLS["app"]})], [fleet(location="hel1", pools={"app": {"count": 3}})]],
            unknown=[[fleet(pools=UNKNOWN)], [fleet(pools={"app": {**POOLS["app"], "location": UNKNOWN}})]],
            absent=[[fleet(pools=None)], []],
            absent_fails=False,
        ),
    ),
    StackRule(
        id="placement-apart",
        description="Servers of one pool do not share hardware.",
        level=Level.MANDATORY,
        types=(SERVER,),
        remediation="Put them into a placement group when they are made; Hetzner moves none into it later without stopping it.",
        references=(REDUNDANCY, RESILIENCE),
        check=_together,
        fixtures=Fixtures(
            passes=[[_pooled("app-1"), _pooled("app-2")], [_pooled("app-1", placementGroupId=None)]],
            fails=[[_pooled("app-1"), _pooled("app-2", placementGroupId=None)]],
            unknown=[[_pooled("app-1"), _pooled("app-2", placementGroupId=UNKNOWN)]],
            absent=[[made(SERVER, "a"), made(SERVER, "b")]],
            absent_fails=False,
        ),
    ),
    Rule(
        id="placement-spread",
        description="Placement groups spread their servers over hardware.",
        level=Level.MANDATORY,
        types=(PLACEMENT_GROUP,),
        remediation="Write `type` `spread`, the only one that Hetzner has.",
        references=(REDUNDANCY,),
        check=_scattered,
        fixtures=Fixtures(
            passes=[made(PLACEMENT_GROUP, type="spread")],
            fails=[made(PLACEMENT_GROUP, type="cluster")],
            unknown=[made(PLACEMENT_GROUP, type=UNKNOWN)],
            absent=[made(PLACEMENT_GROUP)],
            absent_fails=True,
        ),
    ),
)
