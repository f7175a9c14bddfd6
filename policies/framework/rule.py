"""
What a rule is: a pure function with all that people, tests and documentation have to know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from policies.framework.resource import Resource, Stack

Case = TypeVar("Case")
TYPE_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string", tuple: "array"}


class Level(StrEnum):
    """
    What follows from a finding; the values are Pulumi's. A rule is disabled by a pack's configuration only.
    """

    ADVISORY = "advisory"
    MANDATORY = "mandatory"
    REMEDIATE = "remediate"
    DISABLED = "disabled"


@dataclass(frozen=True)
class Reference:
    """
    Where it is asked for: a document with its version, the item in it, and the item's title or subject.
    """

    document: str
    item: str
    title: str = ""

    def __str__(self) -> str:
        return f"{self.document} {self.item}" + (f" ({self.title})" if self.title else "")


@dataclass(frozen=True)
class Option:
    """
    A parameter of a rule, set by `--policy-pack-config`: its default, whose type is its type, and what it means.
    """

    default: bool | int | float | str | tuple[str, ...] | tuple[int, ...]
    description: str

    @property
    def schema(self) -> dict[str, Any]:
        """
        Its JSON Schema.
        """
        schema: dict[str, Any] = {"type": TYPE_NAMES[type(self.default)], "description": self.description}
        if isinstance(self.default, tuple):
            entries = {TYPE_NAMES[type(entry)] for entry in self.default} or {"string"}
            return {**schema, "items": {"type": entries.pop()}, "default": list(self.default)}
        return {**schema, "default": self.default}


Options = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """
    One thing that is wrong, as a stack rule reports it. Without a resource it is said of the stack.
    """

    message: str
    resource: Resource | None = None


@dataclass(frozen=True, kw_only=True)
class Fixtures(Generic[Case]):
    """
    Examples that tests and documentation are made from.

    `passes` must give no finding and `fails` at least one. `unknown`: the property that matters is not known yet, so nothing
    can be said (what is wrong beside an unknown value belongs to `fails`). `absent`: it is not there at all; `absent_fails`
    says whether that is wrong.
    """

    passes: Sequence[Case]
    fails: Sequence[Case]
    unknown: Sequence[Case]
    absent: Sequence[Case]
    absent_fails: bool


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """
    What all rules have. `types` are those it looks at; it never sees another one. `remediation`: what a person has to do, one
    sentence or two, for people.
    """

    id: str
    description: str
    level: Level
    types: tuple[str, ...]
    remediation: str
    references: tuple[Reference, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)

    def defaults(self) -> dict[str, Any]:
        """
        The options where nothing is configured.
        """
        return {name: option.default for name, option in self.options.items()}


Check = Callable[[Resource, Options], Iterable[str]]
StackCheck = Callable[[Stack, Options], Iterable[Finding]]
# The properties to set, {top-level property: value}; empty for none.
Fix = Callable[[Resource, Options], Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Rule(Metadata):
    """
    Judges one resource by itself. `check` yields what is wrong, each as `<fact>` without a full stop. `fix` is for level
    `remediate` only.
    """

    check: Check
    fixtures: Fixtures[Resource]
    fix: Fix | None = None


@dataclass(frozen=True, kw_only=True)
class StackRule(Metadata):
    """
    Judges resources by each other, once all of them are known. A fixture's case is a list of resources.
    """

    check: StackCheck
    fixtures: Fixtures[Sequence[Resource]]


AnyRule = Rule | StackRule


@dataclass(frozen=True, kw_only=True)
class Pack:
    """
    Rules that are run together. `reports_strange_waivers`: one pack of all says that a waiver names no rule of any pack.
    """

    name: str
    description: str
    rules: tuple[AnyRule, ...]
    reports_strange_waivers: bool = False
