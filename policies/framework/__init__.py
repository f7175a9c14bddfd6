"""
What rules are written in. Nothing here starts a server: `policies.framework.server` does, and only a pack's `__main__` uses it.

    def _ssh(firewall: Resource, options: Options) -> Iterator[str]:
        for entry in each(firewall.props, "rules"):
            ...
            yield "port 22 is open to 0.0.0.0/0"

    SSH = Rule(id="ssh-open-to-world", types=(FIREWALL,), level=Level.MANDATORY, check=_ssh, fixtures=..., ...)
"""

from policies.framework.resource import Resource, Stack
from policies.framework.rule import (
    AnyRule,
    Finding,
    Fixtures,
    Level,
    Option,
    Options,
    Pack,
    Reference,
    Rule,
    StackRule,
)
from policies.framework.values import UNKNOWN, Secret, each, get, lacks, number, text
from settings.stacks import is_sandbox

__all__ = [
    "UNKNOWN",
    "AnyRule",
    "Finding",
    "Fixtures",
    "Level",
    "Option",
    "Options",
    "Pack",
    "Reference",
    "Resource",
    "Rule",
    "Secret",
    "Stack",
    "StackRule",
    "each",
    "get",
    "is_sandbox",
    "lacks",
    "number",
    "text",
]
