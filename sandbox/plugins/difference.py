"""
What changed between two sets of inputs, where exactly, and whether that needs a new resource. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sandbox.plugins.provider import Properties, Resource, has_unknown


class Kind(StrEnum):
    """
    How one path changed.
    """

    ADD = "ADD"
    DELETE = "DELETE"
    UPDATE = "UPDATE"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """
    `changed` and `replaces` are top-level inputs; `details` is {path: kind}, for paths such as `rules[0].port`.
    """

    changed: tuple[str, ...] = ()
    replaces: frozenset[str] = frozenset()
    details: Mapping[str, Kind] = field(default_factory=dict)


def compare(resource: Resource, old_inputs: Properties, old_state: Properties, new_inputs: Properties) -> Difference:
    """
    Compare inputs; an input that was never given but is given now as the state already has it is no change.
    """
    changed: list[str] = []
    details: dict[str, Kind] = {}
    replaces = set()
    for key in sorted(old_inputs.keys() | new_inputs.keys()):
        old, new = old_inputs.get(key, old_state.get(key)), new_inputs.get(key)
        if new is None and key in resource.computed:
            continue
        if old == new or (not has_unknown(new) and resource.is_same(key, old, new)):
            continue
        changed.append(key)
        details |= _details(key, old, new) or {key: Kind.UPDATE}
        if resource.must_replace(key, old, new):
            replaces.add(key)
    return Difference(changed=tuple(changed), replaces=frozenset(replaces), details=details)


def _details(path: str, old: Any, new: Any) -> dict[str, Kind]:
    if old is None:
        return {path: Kind.ADD}
    if new is None:
        return {path: Kind.DELETE}
    if isinstance(old, dict) and isinstance(new, dict):
        keys = sorted(old.keys() | new.keys())
        return _merge(_details(f"{path}.{key}", old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key))
    if isinstance(old, list) and isinstance(new, list):
        longer = range(max(len(old), len(new)))
        pairs = ((index, _at(old, index), _at(new, index)) for index in longer)
        return _merge(_details(f"{path}[{index}]", before, after) for index, before, after in pairs if before != after)
    return {path: Kind.UPDATE}


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else None


def _merge(parts: Any) -> dict[str, Kind]:
    merged: dict[str, Kind] = {}
    for part in parts:
        merged |= part
    return merged
