"""
What each project owes its users, and what is meant to pass and must not stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.framework import UNKNOWN, Finding, Fixtures, Level, Options, Resource, Rule, Stack, StackRule, get, lacks
from policies.framework.kinds import APP, FLEET, SERVICE, SITE, STATIC_SITE, WORKER

from .declared import PRODUCTION, counts
from .examples import fleet, made
from .references import ACCOUNTABILITY, CAPACITY, CHANGES, INVENTORY, RECORDS, RESILIENCE, ROLES


def _projects(found: Resource) -> Iterator[tuple[str, Any]]:
    projects = get(found.props, "projects")
    if isinstance(projects, Mapping):
        yield from sorted((name, project) for name, project in projects.items() if project is not UNKNOWN)


def _owners(found: Resource, _: Options) -> Iterator[str]:
    for name, project in _projects(found):
        if lacks(project, "owner"):
            yield f"nobody answers for the project {name}"


def _promises(found: Resource, options: Options) -> Iterator[str]:
    for name, project in _projects(found) if counts(found.stack, options) else ():
        if lacks(project, "slo"):
            yield f"the project {name} promises no availability"


def _maintenance(found: Resource, options: Options) -> Iterator[str]:
    if counts(found.stack, options) and get(found.props, "maintenance") is True:
        yield "visitors get the maintenance page"


def _canaries(stack: Stack, options: Options) -> Iterator[Finding]:
    by_parent: dict[str, list[Resource]] = {}
    for service in stack.of(SERVICE):
        by_parent.setdefault(service.parent, []).append(service)
    for app in stack.of(APP, STATIC_SITE, WORKER):
        releases = by_parent.get(app.urn, [])
        if len(releases) > 1 and counts(app.stack, options):
            names = " and ".join(sorted(service.name for service in releases))
            yield Finding(message=f"two releases run side by side: {names}", resource=app)


SHOP = made(APP, "shop-web")
OWN = {"owner": "web-team", "slo": {"availabilityPercent": 99.5, "latencyMs": 500}}


def _release(digest: str, app: Resource = SHOP) -> Resource:
    return Resource(type=SERVICE, name=f"shop-web-{digest}", parent=app.urn)


RULES: tuple[Rule | StackRule, ...] = (
    Rule(
        id="projects-owned",
        description="Somebody answers for each project.",
        level=Level.MANDATORY,
        types=(FLEET,),
        remediation="Write `owner` in projects/<name>.yaml.",
        references=(ROLES, INVENTORY, RECORDS, ACCOUNTABILITY),
        check=_owners,
        fixtures=Fixtures(
            passes=[fleet(projects={"shop": OWN})],
            fails=[fleet(projects={"shop": {**OWN, "owner": ""}, "ledger": OWN})],
            unknown=[fleet(projects=UNKNOWN), fleet(projects={"shop": {"owner": UNKNOWN}})],
            absent=[fleet(projects={"shop": {}})],
            absent_fails=True,
        ),
    ),
    Rule(
        id="projects-promise",
        description="A project in production says how available it is to be, so that alerts have something to go by.",
        level=Level.MANDATORY,
        types=(FLEET,),
        remediation="Write `slo` in projects/<name>.yaml.",
        references=(RESILIENCE, CAPACITY),
        options=PRODUCTION,
        check=_promises,
        fixtures=Fixtures(
            passes=[fleet(projects={"shop": OWN}), fleet(stack="staging", projects={"shop": {}})],
            fails=[fleet(projects={"shop": {"owner": "web-team", "slo": {}}})],
            unknown=[fleet(projects={"shop": {"slo": UNKNOWN}})],
            absent=[fleet(projects={"shop": {"owner": "web-team"}})],
            absent_fails=True,
        ),
    ),
    Rule(
        id="maintenance-left-on",
        description="Maintenance mode ends.",
        level=Level.ADVISORY,
        types=(SITE,),
        remediation="Take `maintenance: true` out of projects/<name>.yaml once the work is done.",
        references=(CHANGES, RESILIENCE),
        options=PRODUCTION,
        check=_maintenance,
        fixtures=Fixtures(
            passes=[made(SITE, maintenance=False), made(SITE, stack="staging", maintenance=True)],
            fails=[made(SITE, maintenance=True)],
            unknown=[made(SITE, maintenance=UNKNOWN)],
            absent=[made(SITE)],
            absent_fails=False,
        ),
    ),
    StackRule(
        id="canary-left-on",
        description="A canary is promoted or given up, and does not stay.",
        level=Level.ADVISORY,
        types=(APP, STATIC_SITE, WORKER, SERVICE),
        remediation="Give one release the whole weight in releases/<stack>.yaml.",
        references=(CHANGES,),
        options=PRODUCTION,
        check=_canaries,
        fixtures=Fixtures(
            passes=[[SHOP, _release("1a2b3c4d")], [made(APP, "shop-web", stack="staging"), _release("1"), _release("2")]],
            fails=[[SHOP, _release("1a2b3c4d"), _release("5e6f7a8b")]],
            unknown=[[SHOP, Resource(type=SERVICE, parent=SHOP.urn, props={"name": UNKNOWN})]],
            absent=[[SHOP], [_release("1a2b3c4d"), _release("5e6f7a8b")]],
            absent_fails=False,
        ),
    ),
)
