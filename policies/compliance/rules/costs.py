"""
What an environment costs, against what was agreed and against what is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

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
from settings import billing
from settings.prices import current

from .declared import rehearsed
from .examples import fleet, made, server
from .references import CAPACITY, CLOUD

BILLED = (SERVER, VOLUME, FLOATING_IP, PRIMARY_IP, LOAD_BALANCER)


def price(resource: Resource) -> Decimal | None:
    """
    EUR per month; None where that is not known.
    """
    amounts = [billing.price(item, current()) for item in billing.items_of(resource.type, resource.name, resource.props)]
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _budget(found: Resource, _: Options) -> Iterator[str]:
    if not rehearsed(found) and get(found.props, "budgetEur") is not UNKNOWN and not number(found.props, "budgetEur"):
        yield "nobody has agreed on what it may cost"


def _exceeded(stack: Stack, _: Options) -> Iterator[Finding]:
    budget = number(stack.fleet.props, "budgetEur") if stack.fleet else None
    if budget is None:
        return
    costs = [(price(resource) or Decimal(0), resource) for resource in stack.of(*BILLED)] if budget else []
    total = sum((cost for cost, _ in costs), Decimal(0))
    if costs and total > Decimal(str(budget)):
        most, dearest = max(costs, key=lambda found: found[0])
        yield Finding(
            message=f"it costs {total:.2f} EUR per month at the prices of {current().priced_on}, the budget is {budget:g}; "
            f"{dearest.name} alone is {most:.2f}",
            resource=stack.fleet,
        )


def _unpriced(resource: Resource, _: Options) -> Iterator[str]:
    kind = text(resource.props, "serverType" if resource.type == SERVER else "loadBalancerType")
    if kind and price(resource) is None:
        location = text(resource.props, "location")
        yield f"nobody knows what a {kind} costs{f' in {location}' if location else ''}"


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
        remediation="Take a type and a location that settings/prices.json has, or run `flotilla costs refresh`.",
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
