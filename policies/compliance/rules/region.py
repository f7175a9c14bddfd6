"""
Where data may be: each place that something is kept or passes through lies in the region that the environment declares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

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
    get,
    lacks,
    text,
)
from policies.framework.kinds import BACKUP, FLEET, FLOATING_IP, LOAD_BALANCER, PRIMARY_IP, SERVER, SUBNET, VOLUME
from settings.catalog import LOCATIONS

from .declared import place, rehearsed
from .examples import fleet, made
from .references import BY_DESIGN, CLOUD, LAW, TRANSFERS

REGIONS = {"eu-central": "eu", "us-east": "us", "us-west": "us", "ap-southeast": "apac"}
REMEDIATION = "Move it into the region of `compliance.data_region`, or change that with whoever answers for data protection."
OPTIONS = {"region": Option("eu", "The region where the environment declares none.")}
PLACES = {
    "places": Option((), "Regions of places that are not Hetzner's locations, each as `place=region`."),
}
Places = Callable[[Resource], Iterable[str]]


def region_of(name: str, further: Iterable[str] = ()) -> str:
    """
    The region of a location, datacenter or network zone, or of a place in `further`; empty where that is not known.
    """
    known = dict(entry.split("=", 1) for entry in further if "=" in entry)
    return known.get(name) or REGIONS.get(name) or REGIONS.get(LOCATIONS.get(place(name), ""), "")


def _check(types: tuple[str, ...], what: str, places: Places) -> Callable[[Stack, Options], Iterator[Finding]]:
    def check(stack: Stack, options: Options) -> Iterator[Finding]:
        wanted = _wanted(stack, options)
        for resource in stack.of(*types):
            for name in places(resource) if wanted else ():
                found = region_of(name, options.get("places", ()))
                if found != wanted:
                    where = f"the region {found}" if found else "a region that nobody has named"
                    yield Finding(message=f"{what} in {name}, in {where}, but data stays in {wanted}", resource=resource)

    return check


def _wanted(stack: Stack, options: Options) -> str:
    """
    The region that is asked for; empty while that is not known.
    """
    declared = get(stack.fleet.props, "compliance.dataRegion") if stack.fleet else None
    if declared is UNKNOWN:
        return ""
    return declared or str(options["region"])


def _texts(*paths: str) -> Places:
    return lambda resource: [found for path in paths if (found := text(resource.props, path))]


def _rule(name: str, description: str, types: tuple[str, ...], what: str, *paths: str, **extra: str) -> StackRule:
    property_ = paths[0]
    good, bad = extra.get("good", "hel1"), extra.get("bad", "ash")

    def case(value: Any) -> list[Resource]:
        return [fleet(), made(types[0], **_nested(property_, value))]

    return StackRule(
        id=f"region-{name}",
        description=description,
        level=Level.MANDATORY,
        types=(FLEET, *types),
        remediation=REMEDIATION,
        references=(TRANSFERS, CLOUD),
        options=OPTIONS | PLACES if name == "offsite" else OPTIONS,
        check=_check(types, what, _texts(*paths)),
        fixtures=Fixtures(
            passes=[case(good)],
            fails=[case(bad), [fleet(compliance={"dataRegion": "us"}), *case(good)[1:]]],
            unknown=[case(UNKNOWN), [fleet(compliance={"dataRegion": UNKNOWN}), *case(bad)[1:]]],
            absent=[[fleet(), made(types[0])], []],
            absent_fails=False,
        ),
    )


def _nested(path: str, value: Any) -> dict[str, Any]:
    first, _, rest = path.partition(".")
    return {first: _nested(rest, value) if rest else value}


def _declared(fleet_: Resource, _: Options) -> Iterator[str]:
    if not rehearsed(fleet_) and lacks(fleet_.props, "compliance.dataRegion"):
        yield "no region is declared that data has to stay in"


RULES: tuple[Rule | StackRule, ...] = (
    Rule(
        id="region-declared",
        description="An environment says in which region data has to stay.",
        level=Level.MANDATORY,
        types=(FLEET,),
        remediation="Write `compliance.data_region` in Pulumi.<stack>.yaml.",
        references=(TRANSFERS, BY_DESIGN, LAW),
        check=_declared,
        fixtures=Fixtures(
            passes=[fleet(), fleet(stack="local", compliance=None)],
            fails=[fleet(compliance=None)],
            unknown=[fleet(compliance=UNKNOWN), fleet(compliance={"dataRegion": UNKNOWN})],
            absent=[made(FLEET)],
            absent_fails=True,
        ),
    ),
    _rule("servers", "Servers stand in the data region.", (SERVER,), "it stands", "location", "datacenter"),
    _rule("volumes", "Volumes lie in the data region.", (VOLUME,), "it lies", "location"),
    _rule(
        "networks",
        "Private networks span zones of the data region only.",
        (SUBNET,),
        "it spans servers",
        "networkZone",
        good="eu-central",
        bad="us-east",
    ),
    _rule(
        "addresses",
        "Addresses that requests come in by belong to the data region.",
        (FLOATING_IP, PRIMARY_IP),
        "it belongs to routers",
        "homeLocation",
        "location",
        "datacenter",
    ),
    _rule(
        "load-balancers",
        "Load balancers, which see requests, stand in the data region.",
        (LOAD_BALANCER,),
        "it stands",
        "location",
        "networkZone",
    ),
    _rule(
        "offsite",
        "Copies of backups away from the servers are in the data region too.",
        (BACKUP,),
        "its copies are kept",
        "offsite.location",
    ),
)
