"""
What an environment declares of itself, read from the properties of the Fleet component or from the file of another stack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from policies.framework import UNKNOWN, Option, Options, Resource, Stack, get, is_sandbox, number, text
from settings.catalog import SERVER_TYPES

PRODUCTION = {"stacks": Option(("production",), "The stacks that it counts for; `*` stands for anything.")}


def counts(stack: str, options: Options) -> bool:
    """
    Whether a rule with the option `stacks` counts for this stack.
    """
    return any(fnmatchcase(stack, pattern) for pattern in options["stacks"])


def rehearsed(resource: Resource | None) -> bool:
    """
    Whether there is nothing to be judged: no such resource, or only in a sandbox, whose data may be lost.
    """
    return resource is None or is_sandbox(resource.stack)


def is_known(value: Any) -> bool:
    """
    Whether nothing in it is computed later.
    """
    if isinstance(value, Mapping):
        return all(is_known(entry) for entry in value.values())
    if isinstance(value, list | tuple):
        return all(is_known(entry) for entry in value)
    return value is not UNKNOWN


@dataclass(frozen=True, kw_only=True)
class Pool:
    """
    Servers of one kind; empty or 0 is what is not there.
    """

    name: str
    type: str
    count: int
    roles: frozenset[str]
    location: str
    volume_gb: int

    @property
    def memory_gb(self) -> int:
        """
        The memory of all of them.
        """
        return self.count * SERVER_TYPES[self.type].memory_gb if self.type in SERVER_TYPES else 0

    @property
    def cores(self) -> int:
        """
        The cores of all of them.
        """
        return self.count * SERVER_TYPES[self.type].cores if self.type in SERVER_TYPES else 0


def pools(declared: Mapping[str, Any] | None) -> list[Pool]:
    """
    The pools of servers in a Fleet's properties or in the settings of an environment, by name; none while they are not known.
    """
    environment = declared or {}
    found = get(environment, "pools" if "pools" in environment else "servers")
    if not isinstance(found, Mapping) or not is_known([found, environment.get("location")]):
        return []
    return [_pool(name, pool, text(environment, "location")) for name, pool in sorted(found.items())]


def _pool(name: str, pool: Any, location: str) -> Pool:
    count, roles = number(pool, "count"), get(pool, "roles")
    return Pool(
        name=name,
        type=text(pool, "type"),
        count=1 if count is None else int(count),
        roles=frozenset(role for role in roles if isinstance(role, str)) if isinstance(roles, list | tuple) else frozenset(),
        location=text(pool, "location") or location,
        volume_gb=int(number(pool, "volumeGb") or number(pool, "volume_gb") or 0),
    )


def fleet_pools(stack: Stack) -> list[Pool]:
    """
    The pools of the stack's fleet.
    """
    return pools(stack.fleet.props) if stack.fleet else []


def with_role(found: list[Pool], *roles: str) -> Iterator[Pool]:
    """
    The pools with at least one of these roles.
    """
    return (pool for pool in found if pool.roles.intersection(roles))


def place(location: str) -> str:
    """
    The location that a datacenter such as `fsn1-dc14` is in; a location is itself.
    """
    return location.partition("-")[0]
