"""
Check: the schema, the name, the defaults, what this stand-in cannot do, and then the type's own rules.
"""

from __future__ import annotations

from typing import Any

from sandbox.plugins.naming import DEFAULTS_KEY, fill, made_up_name
from sandbox.plugins.provider import Failure, Properties, Resource
from sandbox.plugins.schema import Schema
from sandbox.plugins.values import Decoded


def check_inputs(
    resource: Resource, schema: Schema, request: Any, old: Decoded, new: Decoded
) -> tuple[Properties, list[Failure]]:
    """
    The inputs to go on with, and what is wrong with them.
    """
    values, failures = schema.check("resources", resource.token, new.values)
    name = _proposed_name(resource, request)
    filled = fill(values, resource.defaults, old.values, old.internal, resource.auto_named, name)
    failures += [_unsupported(resource, schema.name, key) for key in sorted(resource.unsupported) if filled.get(key)]
    if resource.auto_named and resource.auto_named not in filled:
        failures.append(_nameless(resource.auto_named))
    if not failures:
        failures = resource.check({key: value for key, value in filled.items() if key != DEFAULTS_KEY})
    return filled, failures


def _proposed_name(resource: Resource, request: Any) -> str:
    """
    The name the engine's autonaming configuration proposes, or one of our own; none where that configuration forbids it.
    """
    if resource.auto_named is None:
        return ""
    if request.HasField("autonaming"):
        mode = request.AutonamingOptions.Mode.Name(request.autonaming.mode)
        return "" if mode == "DISABLE" else str(request.autonaming.proposed_name)
    return made_up_name(request.urn, request.randomSeed)


def _nameless(key: str) -> Failure:
    return Failure(property=key, reason=f"{key}: autonaming is disabled and no name was given. Nothing was changed. Add {key}.")


def _unsupported(resource: Resource, plugin: str, key: str) -> Failure:
    return Failure(
        property=key,
        reason=f"{key}: the sandbox's stand-in for {plugin} cannot do this for {resource.token}. Nothing was changed."
        " Leave it out on sandbox stacks.",
    )
