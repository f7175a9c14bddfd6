"""
Waivers: each is somebody's, for a reason, for one thing, and ends soon. That one has ended is found where the rule is judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from policies.framework import UNKNOWN, Fixtures, Level, Option, Options, Resource, Rule, each, lacks, text
from policies.framework.kinds import FLEET

from .examples import fleet
from .references import ACCOUNTABILITY, AUDITS, EXCEPTIONS

WRITTEN = ("reason", "owner", "until")


def _today() -> date:
    return datetime.now(UTC).date()


def _named(waiver: Any) -> str:
    return f"the waiver of {text(waiver, 'rule') or 'no rule'} for {text(waiver, 'resource') or 'nothing'}"


def _incomplete(found: Resource, _: Options) -> Iterator[str]:
    for waiver in each(found.props, "waivers"):
        missing = [key for key in ("rule", "resource", *WRITTEN) if lacks(waiver, key)]
        if missing:
            yield f"{_named(waiver)} has no {' and no '.join(missing)}"


def _long(found: Resource, options: Options) -> Iterator[str]:
    last = _today() + timedelta(days=int(options["days"]))
    for waiver in each(found.props, "waivers"):
        try:
            until = date.fromisoformat(text(waiver, "until")[:10])
        except ValueError:
            continue
        if until > last:
            yield f"{_named(waiver)} holds until {until}, more than {options['days']:g} days from now"


def _broad(found: Resource, options: Options) -> Iterator[str]:
    for waiver in each(found.props, "waivers"):
        resource = text(waiver, "resource")
        written = len(resource) - resource.count("*") - resource.count("?")
        if written != len(resource) and written < options["characters"]:
            yield f"{_named(waiver)} excuses too much"


def _waived(days: int = 30, **changes: Any) -> Resource:
    until = (_today() + timedelta(days=days)).isoformat()
    complete = {"rule": "names-pattern", "resource": "app-1-server", "reason": "renamed in May", "owner": "web-team"}
    return fleet(waivers=[{**complete, "until": until, **changes}])


RULES: tuple[Rule, ...] = (
    Rule(
        id="waiver-complete",
        description="A waiver says which rule it is of, for which resource, why, who answers for it, and until when.",
        level=Level.MANDATORY,
        types=(FLEET,),
        remediation="Complete it in `waivers` in Pulumi.<stack>.yaml.",
        references=(EXCEPTIONS, ACCOUNTABILITY),
        check=_incomplete,
        fixtures=Fixtures(
            passes=[_waived(), fleet(waivers=[])],
            fails=[_waived(owner=""), _waived(reason=""), _waived(until="")],
            unknown=[_waived(owner=UNKNOWN), fleet(waivers=UNKNOWN)],
            absent=[_waived(owner=None), _waived(until=None)],
            absent_fails=True,
        ),
    ),
    Rule(
        id="waiver-term",
        description="A waiver ends soon enough to be thought about again.",
        level=Level.MANDATORY,
        types=(FLEET,),
        remediation="Set an earlier `until` in `waivers` in Pulumi.<stack>.yaml.",
        references=(EXCEPTIONS, AUDITS),
        options={"days": Option(90, "How far away the end may be.")},
        check=_long,
        fixtures=Fixtures(
            passes=[_waived(), _waived(days=90), fleet()],
            fails=[_waived(days=91), _waived(days=4000)],
            unknown=[_waived(until=UNKNOWN), fleet(waivers=UNKNOWN)],
            absent=[_waived(until=None), fleet(waivers=None)],
            absent_fails=False,
        ),
    ),
    Rule(
        id="waiver-narrow",
        description="A waiver is for particular resources, not for whatever there is.",
        level=Level.MANDATORY,
        types=(FLEET,),
        remediation="Name the resource in `waivers` in Pulumi.<stack>.yaml, or change the rule's configuration for all.",
        references=(EXCEPTIONS,),
        options={"characters": Option(3, "What a name with `*` or `?` has at least beside them.")},
        check=_broad,
        fixtures=Fixtures(
            passes=[_waived(), _waived(resource="app-*"), _waived(resource="db")],
            fails=[_waived(resource="*"), _waived(resource="a*")],
            unknown=[_waived(resource=UNKNOWN)],
            absent=[_waived(resource=None), fleet(waivers=None)],
            absent_fails=False,
        ),
    ),
)
