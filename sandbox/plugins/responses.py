"""
Answers to the engine, made from what the pure parts found.
"""

from __future__ import annotations

from typing import Any

from sandbox.plugins.difference import Difference
from sandbox.plugins.naming import DEFAULTS_KEY
from sandbox.plugins.provider import Failure, Properties, Resource, has_unknown
from sandbox.plugins.wire import provider_pb2


def failures_of(failures: list[Failure]) -> list[Any]:
    """
    Rejected inputs as the engine takes them.
    """
    return [provider_pb2.CheckFailure(property=failure.property, reason=failure.reason) for failure in failures]


def kept_defaults(internal: Properties, inputs: Properties) -> Properties:
    """
    Which inputs were filled in by Check stays known after a refresh; on an import nothing was.
    """
    return {DEFAULTS_KEY: [key for key in internal.get(DEFAULTS_KEY) or [] if key in inputs]}


def diff_response(resource: Resource, found: Difference, old: Properties, new: Properties, internal: Properties) -> Any:
    """
    A difference as the engine takes it, with every path.
    """
    kinds = provider_pb2.PropertyDiff.Kind
    details = {}
    for path, kind in found.details.items():
        top = path.partition(".")[0].partition("[")[0]
        suffix = "_REPLACE" if top in found.replaces else ""
        details[path] = provider_pb2.PropertyDiff(kind=kinds.Value(f"{kind}{suffix}"), inputDiff=True)
    changes = provider_pb2.DiffResponse.DIFF_SOME if found.changed else provider_pb2.DiffResponse.DIFF_NONE
    return provider_pb2.DiffResponse(
        changes=changes,
        diffs=found.changed,
        replaces=sorted(found.replaces),
        deleteBeforeReplace=bool(found.replaces)
        and (resource.delete_before_replace or _name_is_taken(resource, old, new, internal)),
        detailedDiff=details,
        hasDetailedDiff=True,
    )


def _name_is_taken(resource: Resource, old: Properties, new: Properties, internal: Properties) -> bool:
    """
    Whether a replacement would ask for the name that the old one still holds, because a person chose the name.
    """
    key = resource.auto_named
    if key is None or key in (internal.get(DEFAULTS_KEY) or []) or has_unknown(new.get(key)):
        return False
    return bool(old.get(key) == new.get(key))
