"""
What an environment costs, against what was agreed and against what is used.
"""

from __future__ import annotations

from collections.abc import Iterator

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
    get,
    number,
    text,
)
from policies.framework.kinds import (
    FLEET,
    FLOATING_IP,
    LOAD_BALANCER,
    PRIMARY_IP,
    SERVER,
    VOLUME,
)
from settings import prices

from .declared import rehearsed
from .examples import fleet, made, server
from .references import CAPACITY, CLOUD

BILLED = (SERVER, VOLUME, FLOATING_IP, PRIMARY_IP, LOAD_BALANCER)
# Hetzner's backups of a server cost this share of its price. Source: docs.hetzner.com, "Backups/Snapshots", 2026-11-21.
SERVER_BACKUPS = 0.2


def price(resource: Resource) -> float | None:
    """
    EUR per month; None where that is not known.
    """
    props = resource.props
    if resource.type == SERVER:
        alone = prices.SERVERS.get(text(props, "serverType"))
        if alone is None:
            return None
        backups = alone * SERVER_BACKUPS if get(props, "backups") is True else 0
        return alone + backups + (0 if _lacks_ipv4(resource) else prices.IPV4)
    if resource.type == VOLUME:
        size = number(props, "size")
        return None if size is None else size * prices.VOLUME_GB
    if resource.type == LOAD_BALANCER:
        return prices.LOAD_BALANCERS.get(text(props, "loadBalancerType"))
    if resource.type == PRIMARY_IP:
        return prices.IPV4 if text(props, "type") == "ipv4" else 0
    return prices.FLOATING_IP


def _lacks_ipv4(resource: Resource) -> bool:
    nets = get(resource.props, "publicNets")
    return isinstance(nets, list | tuple) and any(get(net, "ipv4Enabled") is False for net in nets)


def _budget(found: Resource, _: Options) -> Iterator[str]:
    if not rehearsed(found) and get(found.props, "budgetEur") is not UNKNOWN and not number(found.props, "budgetEur"):
        yield "nobody has agreed on what it may cost"


def _exceeded(stack: Stack, _: Options) -> Iterator[Finding]:
    budget = number(stack.fleet.props, "budgetEur") if stack.fleet else None
    if budget is None:
        return
    costs = [(price(resource) or 0, resource) for resource in stack.of(*BILLED)] if budget else []
    total = sum(cost for cost, _ in costs)
    if total > budget:
        most, dearest = max(costs, key=lambda found: found[0])
        yield Finding(
            message=f"it costs {total:.2f} EUR per month at the prices of {prices.PRICED_ON}, the budget is {budget:g}; "
            f"{dearest.name} alone is {most:.2f}",
            resource=stack.fleet,
        )


def _unpriced(resource: Resource, _: Options) -> Iterator[str]:
    key = "serverType" if resource.type == SERVER else "loadBalancerType"
    known = prices.SERVERS if resource.type == SERVER else prices.LOAD_BALANCERS
    if text(resource.props, key) and text(resource.props, key) not in known:
        yield f"nobody knows what a {text(resource.props, key)} costs"


DISK, ADDRESS = made(VOLUME, size=100), made(FLOATING_IP, type="ipv4")
BALANCER = made(LOAD_BALANCER, loadBalancerType="lb11")
RULES: tuple[Rule | StackRule, ...] = (
    Rule(
        id="budget-set",
        description="An environment has a budget.",
        level=Level.MANDATORY,
        types=(FLEET,),
        remediation="Set `budget_eur` in Pulumi.<stack>.yaml.",
        references=(CLOUD,),
        check=_budget,
        fixtures=Fixtures(
            passes=[fleet(), fleet(stack="local", budgetEur=None)],
            fails=[fleet(budgetEur=0)],
            unknown=[fleet(budgetEur=UNKNOWN)],
            absent=[fleet(budgetEur=None)],
            absent_fails=True,
        ),
    ),
    StackRule(
        id="budget-exceeded",
        description="An environment costs no more than its budget: servers, addresses, volumes and load balancers.",
        level=Level.MANDATORY,
        types=(FLEET, *BILLED),
        remediation="Take smaller or fewer of them, or agree on more and raise `budget_eur` in Pulumi.<stack>.yaml.",
        references=(CLOUD, CAPACITY),
        check=_exceeded,
        fixtures=Fixtures(
            passes=[[fleet(), server(), DISK, ADDRESS, BALANCER, made(PRIMARY_IP, type="ipv4")]],
            fails=[
                [fleet(budgetEur=5), server(serverType="ccx63")],
                [fleet(budgetEur=5), server(serverType="cx23", backups=True), DISK],
                [fleet(budgetEur=3), BALANCER],
            ],
            unknown=[[fleet(budgetEur=UNKNOWN), server()], [fleet(budgetEur=5), server(serverType=UNKNOWN)]],
            absent=[[fleet(budgetEur=None), server()], [server()]],
            absent_fails=False,
        ),
    ),
    Rule(
        id="budget-priced",
        description="What is used has a known price, so that the budget means something.",
        level=Level.MANDATORY,
        types=(SERVER, LOAD_BALANCER),
        remediation="Take a type that settings/prices.py has, or add its price there.",
        references=(CLOUD,),
        check=_unpriced,
        fixtures=Fixtures(
            passes=[server(), BALANCER],
            fails=[server(serverType="cx9000"), made(LOAD_BALANCER, loadBalancerType="lb99")],
            unknown=[server(serverType=UNKNOWN)],
            absent=[made(SERVER)],
            absent_fails=False,
        ),
    ),
)
