"""
A resource, and all of a stack, as rules see them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.framework.kinds import FLEET


@dataclass(frozen=True, kw_only=True)
class Resource:
    """
    `props` are the inputs, also for components. `outputs` and `dependencies` (URNs) are there in stack rules only: what the
    provider, or a component's `register_outputs`, made of it.
    """

    type: str
    props: Mapping[str, Any] = field(default_factory=dict)
    name: str = "example"
    stack: str = "production"
    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    secret_outputs: tuple[str, ...] = ()
    parent: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    urn: str = ""

    def __post_init__(self) -> None:
        if not self.urn:
            object.__setattr__(self, "urn", f"urn:pulumi:{self.stack}::flotilla::{self.type}::{self.name}")


class Stack:
    """
    All resources of the types that stack rules look at.
    """

    def __init__(self, resources: Iterable[Resource]) -> None:
        self.resources = tuple(resources)
        self._by_type: dict[str, list[Resource]] = {}
        self._by_urn = {resource.urn: resource for resource in self.resources}
        for resource in self.resources:
            self._by_type.setdefault(resource.type, []).append(resource)

    def of(self, *types: str) -> list[Resource]:
        """
        The resources of these types.
        """
        return [resource for kind in types for resource in self._by_type.get(kind, ())]

    def get(self, urn: str) -> Resource | None:
        """
        The resource with this URN.
        """
        return self._by_urn.get(urn)

    @property
    def fleet(self) -> Resource | None:
        """
        The component whose props are the environment's settings.
        """
        return next(iter(self.of(FLEET)), None)
