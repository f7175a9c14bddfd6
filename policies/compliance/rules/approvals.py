"""
What whoever edits settings may not decide alone: data outside the EU, data about people, another company that data goes to.
Each demands an approval with a name, a day and a reason in the environment's settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from policies.framework import UNKNOWN, Fixtures, Level, Option, Options, Resource, Rule, each, get, lacks, text
from policies.framework.kinds import FLEET

from .declared import is_known, pools, rehearsed
from .examples import OFFSITE, POOLS, fleet
from .references import ACCOUNTABILITY, BY_DESIGN, CLOUD, INVENTORY, LAW, PROCESSOR, RECORDS, SUPPLIERS, TRANSFERS
from .region import PLACES, region_of

REMEDIATION = (
    "Have whoever answers for data protection add it to `approvals` in Pulumi.<stack>.yaml: `what`, `by`, `date` and `reason`."
)
HOME = {"home": Option(("eu",), "Regions that nobody has to approve.")}
# What an approval is for, and the fact that demands it.
Demands = Callable[[Resource, Options], Iterable[tuple[str, str]]]


def _today() -> date:
    return datetime.now(UTC).date()


def approved(found: Resource, today: date) -> frozenset[str]:
    """
    What is approved in a Fleet's properties on this day.
    """
    return frozenset(text(entry, "what") for entry in each(found.props, "approvals") if _counts(entry, today))


def _counts(entry: Any, today: date) -> bool:
    try:
        day = date.fromisoformat(text(entry, "date")[:10])
    except ValueError:
        return False
    return day <= today and not any(lacks(entry, key) for key in ("by", "reason"))


def _missing(demands: Demands) -> Callable[[Resource, Options], Iterator[str]]:
    def check(found: Resource, options: Options) -> Iterator[str]:
        if rehearsed(found) or not is_known(found.props.get("approvals")):
            return
        known = approved(found, _today())
        for what, fact in demands(found, options):
            if what not in known:
                yield f"{fact}, and nobody has approved `{what}`"

    return check


def _regions(found: Resource, options: Options) -> Iterator[tuple[str, str]]:
    places = {pool.location: f"servers `{pool.name}`" for pool in pools(found.props) if pool.location}
    offsite = text(found.props, "backup.offsite.location")
    if offsite:
        places.setdefault(offsite, "copies of the backups")
    for place, what in sorted(places.items()):
        region = region_of(place, options["places"])
        if region not in options["home"]:
            yield (
                f"region:{place}",
                f"{what} are in {place}, in {f'the region {region}' if region else 'a region unknown here'}",
            )


def _projects(found: Resource) -> Iterator[tuple[str, Any]]:
    projects = get(found.props, "projects")
    if isinstance(projects, Mapping):
        yield from sorted((name, project) for name, project in projects.items() if project is not UNKNOWN)


def _personal(found: Resource, _: Options) -> Iterator[tuple[str, str]]:
    for name, project in _projects(found):
        if get(project, "data") == "personal":
            yield f"personal-data:{name}", f"the project {name} has personal data"


def _processors(found: Resource, _: Options) -> Iterator[tuple[str, str]]:
    for entry in each(found.props, "processors"):
        name = text(entry, "name")
        if name and get(entry, "isGiven") is False:
            yield f"processor:{name}", f"{name} gets {text(entry, 'what') or 'data'}"


def _unclassified(found: Resource, _: Options) -> Iterator[str]:
    for name, project in _projects(found) if not rehearsed(found) else ():
        if lacks(project, "data"):
            yield f"nobody has said whether the project {name} has personal data"


def _unused(found: Resource, options: Options) -> Iterator[str]:
    parts = [found.props.get(key) for key in ("location", "pools", "backup", "projects", "processors")]
    if rehearsed(found) or not is_known(parts):
        return
    demanded = {what for demands in (_regions, _personal, _processors) for what, _ in demands(found, options)}
    for entry in each(found.props, "approvals"):
        what = text(entry, "what")
        if what and what not in demanded:
            yield f"nothing needs the approval of `{what}`"


def _given(*what: str, days: int = -30, **changes: Any) -> list[dict[str, Any]]:
    day = (_today() + timedelta(days=days)).isoformat()
    return [
        {"what": name, "by": "Data protection officer", "date": day, "reason": "contract signed", **changes} for name in what
    ]


ABROAD: Mapping[str, Any] = {"pools": {**POOLS, "app": {**POOLS["app"], "location": "ash"}}}
PERSONAL: Mapping[str, Any] = {"projects": {"shop": {"owner": "web-team", "data": "personal"}}}
STORE: Mapping[str, Any] = {
    "processors": [
        {"name": "hetzner", "what": "servers", "location": "fsn1", "isGiven": True},
        {"name": "store.example.net", "what": "copies of the backups", "location": "hel1", "isGiven": False},
    ]
}


def _rule(
    name: str, description: str, demands: Demands, case: Mapping[str, Any], what: str, *, extra: Mapping[str, Any] | None = None
) -> Rule:
    """
    `case` are properties that demand `what`; `extra` has the rule's `references` and `options`, and further examples.
    """
    more = dict(extra or {})
    [key] = case
    unknown: dict[str, Any] = {key: UNKNOWN}
    absent: dict[str, Any] = {key: None}
    return Rule(
        id=f"approval-{name}",
        description=description,
        level=Level.MANDATORY,
        types=(FLEET,),
        remediation=REMEDIATION,
        references=more["references"],
        options=more.get("options", {}),
        check=_missing(demands),
        fixtures=Fixtures(
            passes=[
                fleet(),
                fleet(**case, approvals=_given(what)),
                fleet(**case, approvals=_given("region:sin", what, days=0)),
                fleet(stack="local", **case),
                *more.get("passes", ()),
            ],
            fails=[
                fleet(**case, approvals=[]),
                fleet(**case, approvals=_given(f"{what}2")),
                fleet(**case, approvals=_given(what, days=2)),
                fleet(**case, approvals=_given(what, reason="")),
                *more.get("fails", ()),
            ],
            unknown=[
                fleet(**unknown),
                fleet(**case, approvals=UNKNOWN),
                fleet(**case, approvals=_given(what, by=UNKNOWN)),
            ],
            absent=[fleet(**absent)],
            absent_fails=False,
        ),
    )


RULES: tuple[Rule, ...] = (
    _rule(
        "region",
        "Data is outside the EU only where somebody has approved that by name.",
        _regions,
        ABROAD,
        "region:ash",
        extra={
            "references": (TRANSFERS, ACCOUNTABILITY, CLOUD),
            "options": HOME | PLACES,
            "fails": [fleet(backup={"offsite": {**OFFSITE, "location": "paris"}})],
        },
    ),
    _rule(
        "personal-data",
        "Personal data is kept only where somebody has approved that by name.",
        _personal,
        PERSONAL,
        "personal-data:shop",
        extra={
            "references": (BY_DESIGN, RECORDS, ACCOUNTABILITY),
            "passes": [fleet(projects={"shop": {"owner": "web-team", "data": "none"}})],
        },
    ),
    _rule(
        "processor",
        "Data goes to another company only where somebody has approved that by name.",
        _processors,
        STORE,
        "processor:store.example.net",
        extra={"references": (PROCESSOR, SUPPLIERS, ACCOUNTABILITY)},
    ),
    Rule(
        id="approval-unused",
        description="An approval is for something that is there.",
        level=Level.ADVISORY,
        types=(FLEET,),
        remediation="Correct it, or delete it from `approvals` in Pulumi.<stack>.yaml.",
        references=(ACCOUNTABILITY,),
        options=HOME | PLACES,
        check=_unused,
        fixtures=Fixtures(
            passes=[fleet(**PERSONAL, approvals=_given("personal-data:shop")), fleet(approvals=[])],
            fails=[fleet(approvals=_given("region:hel1")), fleet(**STORE, approvals=_given("processor:hetzner"))],
            unknown=[fleet(approvals=UNKNOWN), fleet(projects=UNKNOWN, approvals=_given("personal-data:shop"))],
            absent=[fleet(approvals=None)],
            absent_fails=False,
        ),
    ),
    Rule(
        id="data-classified",
        description="Each project says whether it has personal data.",
        level=Level.MANDATORY,
        types=(FLEET,),
        remediation="Write `data: personal` or `data: none` in projects/<name>.yaml.",
        references=(RECORDS, BY_DESIGN, LAW, INVENTORY),
        check=_unclassified,
        fixtures=Fixtures(
            passes=[fleet(**PERSONAL), fleet(projects={}), fleet(stack="local", projects={"shop": {"owner": "web-team"}})],
            fails=[fleet(projects={"shop": {"owner": "web-team", "data": ""}})],
            unknown=[fleet(projects=UNKNOWN), fleet(projects={"shop": {"data": UNKNOWN}})],
            absent=[fleet(projects={"shop": {"owner": "web-team"}})],
            absent_fails=True,
        ),
    ),
)
