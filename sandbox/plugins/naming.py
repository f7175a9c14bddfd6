"""
Names made up for resources that were given none: `<logical name>-<7 hex>`, as the bridge of the real providers does it.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, Final

from sandbox.plugins.provider import Properties

DEFAULTS_KEY: Final = "__defaults"
"""Lists the inputs that Check filled in; state of the real providers has it too."""
SUFFIX_LENGTH: Final = 7


def logical_name(urn: str) -> str:
    """
    The last part of a URN.
    """
    return urn.rpartition("::")[2]


def made_up_name(urn: str, seed: bytes) -> str:
    """
    A name for the resource; the same seed gives the same name.
    """
    suffix = hashlib.sha256(seed + urn.encode()).hexdigest() if seed else secrets.token_hex(SUFFIX_LENGTH)
    return f"{logical_name(urn)}-{suffix[:SUFFIX_LENGTH]}"


def fill(
    inputs: Properties, defaults: Properties, old: Properties, old_internal: Properties, name_key: str | None, name: str
) -> Properties:
    """
    The inputs with defaults and, where it has none, its name: the one it was given before, or else `name`.
    """
    added: dict[str, Any] = {key: value for key, value in defaults.items() if key not in inputs}
    if name_key and name_key not in inputs and name:
        kept = name_key in (old_internal.get(DEFAULTS_KEY) or [])
        added[name_key] = old[name_key] if kept and name_key in old else name
    return {**inputs, **added, DEFAULTS_KEY: sorted(added)}
