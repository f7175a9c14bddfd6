"""
The fleets that runbooks are filled for in tests: the sample one in each environment, and one whose names are hostile.
"""

from __future__ import annotations

from pathlib import Path

from ops.runbooks import names
from ops.runbooks.names import Names, ProjectName, ServerName
from settings import load, read_stack_config

ROOT = Path(__file__).parents[1]
STACKS = ("local", "staging", "production")
# What a shell, Markdown or SQL would take for something else. None of it gets through the settings: this is the second wall.
SPITEFUL = (
    "a; touch pwned",
    "$(touch pwned)",
    "`touch pwned`",
    "x' || touch pwned; '",
    'y" & touch pwned "',
    "--version",
    "| tee pwned",
    "<img src=x onerror=alert(1)>",
    "**bold** [link](javascript:alert(1))",
    "{stack}",
    "\N{RIGHT-TO-LEFT OVERRIDE}gnp.exe",
    "*?~!#",
)


def sample(stack: str) -> Names:
    """The committed fleet, in one environment."""
    return names.of(load(stack, ROOT, read_stack_config(ROOT, stack)))


def hostile() -> Names:
    """Every name is spiteful, and there are more of each than pages have room for."""
    servers = tuple(
        ServerName(name=text, pool=text, roles=frozenset(("app", "ingress", "db", "backup")), location=text, has_disk=True)
        for text in SPITEFUL * 2
    )
    projects = tuple(
        ProjectName(name=text, site=text, database=text, volumes=(text,), is_canary_possible=True) for text in SPITEFUL * 2
    )
    return Names(
        stack=SPITEFUL[1],
        is_sandbox=False,
        location=SPITEFUL[0],
        servers=servers,
        projects=projects,
        secrets=(("key",), *(("projects", text, text) for text in SPITEFUL), ("notifications", SPITEFUL[2])),
        zones=SPITEFUL,
        offsite="sftp",
        is_acme=True,
    )


def every_fleet() -> dict[str, Names]:
    """{what it is called: its names}."""
    return {**{stack: sample(stack) for stack in STACKS}, "hostile": hostile()}
