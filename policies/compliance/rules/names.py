"""
What things are called in the cloud's console, where people meet them without the program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.framework import UNKNOWN, Fixtures, Level, Option, Options, Resource, Rule, get, lacks, text
from policies.framework.kinds import FIREWALL, HCLOUD_NETWORK, LOAD_BALANCER, PLACEMENT_GROUP, SERVER, VOLUME

from .examples import made
from .labels import LABELLED
from .references import INVENTORY, SEPARATION

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


RULES: tuple[Rule, ...] = (
    Rule(
        id="names-pattern",
        description="Cloud resources have names that say what they are, in lower case with hyphens.",
        level=Level.MANDATORY,
        types=LABELLED,
        remediation="Set `name` to words of a-z and 0-9 with hyphens between them.",
        references=(INVENTORY,),
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
)
