"""
What is paid for and not used.
"""

from __future__ import annotations

from collections.abc import Iterator

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
    is_sandbox,
    lacks,
    number,
)
from policies.framework.kinds import (
    BACKUP,
    DATABASE,
    FLEET,
    FLOATING_IP,
    FLOATING_IP_ASSIGNMENT,
    LOAD_BALANCER,
    LOAD_BALANCER_TARGET,
    MONITORING,
    PRIMARY_IP,
    SERVER,
    SERVICE,
    VOLUME,
    VOLUME_ATTACHMENT,
)

from .costs import ADDRESS, BALANCER, DISK, price
from .declared import Pool, fleet_pools, is_known, with_role
from .examples import POOLS, backup, fleet, made, monitoring, server
from .references import CAPACITY, CLOUD, INVENTORY

GIGABYTE = 1024**3
# {role: the types that give it something to do}
USERS_OF_ROLE = {"app": (SERVICE,), "ingress": (SERVICE,), "db": (DATABASE,), "backup": (BACKUP,), "monitoring": (MONITORING,)}


def _oversized(stack: Stack, options: Options) -> Iterator[Finding]:
    found = list(with_role(fleet_pools(stack), "app"))
    capacity = sum(pool.memory_gb for pool in found)
    services = stack.of(SERVICE)
    if stack.fleet is None or is_sandbox(stack.fleet.stack) or not services or capacity <= options["smallest_gb"]:
        return
    if not all(is_known([get(service.props, "taskSpec.resources"), get(service.props, "mode")]) for service in services):
        return
    demand = sum(_memory_gb(service, found) for service in services)
    if demand * 100 < capacity * options["percent"]:
        yield Finding(
            message=f"containers may use {demand:.1f} GB of the {capacity} GB of "
            f"{', '.join(f'`{pool.name}`' for pool in found)}, less than {options['percent']:g} %",
            resource=stack.fleet,
        )


def _memory_gb(service: Resource, found: list[Pool]) -> float:
    """
    What a service's containers may use at most; one that runs on every ingress server counts once for each.
    """
    limit = number(service.props, "taskSpec.resources.limits.memoryBytes") or 0
    everywhere = get(service.props, "mode.global") not in (None, False)
    replicas = number(service.props, "mode.replicated.replicas") or 1
    return limit * (sum(pool.count for pool in with_role(found, "ingress")) if everywhere else replicas) / GIGABYTE


def _idle(stack: Stack, _: Options) -> Iterator[Finding]:
    for pool in fleet_pools(stack):
        used = pool.roles & USERS_OF_ROLE.keys()
        if used and not any(stack.of(*USERS_OF_ROLE[role]) for role in used):
            roles = ", ".join(sorted(used))
            yield Finding(message=f"the servers `{pool.name}` ({roles}) have nothing to do", resource=stack.fleet)


def _held_by(stack: Stack, kind: str) -> set[str]:
    """
    The URNs that attachments of this type depend on.
    """
    return {urn for found in stack.of(kind) for urn in found.dependencies}


def _unattached(stack: Stack, _: Options) -> Iterator[Finding]:
    held = _held_by(stack, VOLUME_ATTACHMENT)
    for volume in stack.of(VOLUME):
        if lacks(volume.props, "serverId") and volume.urn not in held:
            cost = price(volume) or 0
            yield Finding(message=f"no server has it, and it costs {cost:.2f} EUR per month", resource=volume)


def _unassigned(stack: Stack, _: Options) -> Iterator[Finding]:
    held = _held_by(stack, FLOATING_IP_ASSIGNMENT) | _held_by(stack, SERVER)
    for address in stack.of(FLOATING_IP, PRIMARY_IP):
        is_used = not lacks(address.props, "serverId") or not lacks(address.props, "assigneeId")
        if not is_used and address.urn not in held:
            yield Finding(message=f"nothing has it, and it costs {price(address) or 0:.2f} EUR per month", resource=address)


def _lonely(stack: Stack, _: Options) -> Iterator[Finding]:
    for balancer in stack.of(LOAD_BALANCER):
        targets = [found for found in stack.of(LOAD_BALANCER_TARGET) if balancer.urn in found.dependencies]
        if len(targets) < 2 and all(lacks(found.props, "labelSelector") for found in targets):
            cost = price(balancer) or 0
            yield Finding(message=f"it has {len(targets)} target, and costs {cost:.2f} EUR per month", resource=balancer)


def _attached(kind: str, *holders: Resource) -> Resource:
    return Resource(type=kind, name="holder", dependencies=tuple(holder.urn for holder in holders))


def _container(memory_gb: float) -> Resource:
    return made(SERVICE, taskSpec={"resources": {"limits": {"memoryBytes": memory_gb * GIGABYTE}}})


TARGETS = [Resource(type=LOAD_BALANCER_TARGET, name=name, dependencies=(BALANCER.urn,)) for name in ("first", "second")]

RULES: tuple[StackRule, ...] = (
    StackRule(
        id="cost-oversized",
        description="Servers for containers are not much larger than what the containers may use.",
        level=Level.ADVISORY,
        types=(FLEET, SERVICE),
        remediation="Take a smaller `type` or a lower `count` for the pool.",
        references=(CAPACITY,),
        options={
            "percent": Option(5, "The share of the memory that containers may use at least, in percent."),
            "smallest_gb": Option(8, "Nothing is said about so much memory in all, or less."),
        },
        check=_oversized,
        fixtures=Fixtures(
            passes=[
                [fleet(), _container(2)],
                [fleet(pools={"app": {**POOLS["app"], "count": 1}}), _container(0.1)],
            ],
            fails=[[fleet(), _container(0.5)], [fleet(pools={"app": {**POOLS["app"], "type": "ccx63"}}), _container(3)]],
            unknown=[[fleet(pools=UNKNOWN), _container(0.5)]],
            absent=[[fleet()], [_container(1)]],
            absent_fails=False,
        ),
    ),
    StackRule(
        id="cost-idle-servers",
        description="Every pool of servers has something to do.",
        level=Level.ADVISORY,
        types=(FLEET, SERVICE, DATABASE, BACKUP, MONITORING),
        remediation="Take the pool or the role out of Pulumi.<stack>.yaml, or use it.",
        references=(CAPACITY, INVENTORY),
        check=_idle,
        fixtures=Fixtures(
            passes=[[fleet(), _container(1), made(DATABASE), backup(), monitoring()]],
            fails=[[fleet(), _container(1), backup(), monitoring()], [fleet()]],
            unknown=[[fleet(pools=UNKNOWN)]],
            absent=[[fleet(pools=None)], []],
            absent_fails=False,
        ),
    ),
    StackRule(
        id="cost-unattached-volumes",
        description="Every volume belongs to a server.",
        level=Level.MANDATORY,
        types=(VOLUME, VOLUME_ATTACHMENT),
        remediation="Attach it; or back up what is on it, take its protection off and remove it.",
        references=(INVENTORY, CLOUD),
        check=_unattached,
        fixtures=Fixtures(
            passes=[[DISK, _attached(VOLUME_ATTACHMENT, DISK)], [made(VOLUME, size=10, serverId=7)]],
            fails=[[DISK], [DISK, _attached(VOLUME_ATTACHMENT)]],
            unknown=[[made(VOLUME, size=10, serverId=UNKNOWN)]],
            absent=[[made(VOLUME)]],
            absent_fails=True,
        ),
    ),
    StackRule(
        id="cost-unassigned-addresses",
        description="Every address that is paid for is used.",
        level=Level.MANDATORY,
        types=(FLOATING_IP, PRIMARY_IP, FLOATING_IP_ASSIGNMENT, SERVER),
        remediation="Assign it, or give it back.",
        references=(INVENTORY, CLOUD),
        check=_unassigned,
        fixtures=Fixtures(
            passes=[
                [ADDRESS, _attached(FLOATING_IP_ASSIGNMENT, ADDRESS)],
                [made(PRIMARY_IP, type="ipv4", assigneeId=7)],
            ],
            fails=[[ADDRESS], [made(PRIMARY_IP, type="ipv4"), server()]],
            unknown=[[made(FLOATING_IP, type="ipv4", serverId=UNKNOWN)]],
            absent=[[made(FLOATING_IP)]],
            absent_fails=True,
        ),
    ),
    StackRule(
        id="cost-lonely-balancer",
        description="A load balancer has more than one target.",
        level=Level.ADVISORY,
        types=(LOAD_BALANCER, LOAD_BALANCER_TARGET),
        remediation="Raise the count of servers with the role `ingress`, or write `ingress.entry: server`.",
        references=(CAPACITY, CLOUD),
        check=_lonely,
        fixtures=Fixtures(
            passes=[[BALANCER, *TARGETS]],
            fails=[[BALANCER, TARGETS[0]]],
            unknown=[
                [BALANCER, Resource(type=LOAD_BALANCER_TARGET, props={"labelSelector": UNKNOWN}, dependencies=(BALANCER.urn,))]
            ],
            absent=[[BALANCER]],
            absent_fails=True,
        ),
    ),
)
