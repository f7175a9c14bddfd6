"""
What a creation that was cut short has made at Hetzner: looked for by its name, which exists once for each kind.
"""

from __future__ import annotations

from collections.abc import Mapping

from ops.audit.cloud import TOKENS, lists
from ops.errors import FlotillaError


def id_of(type: str, name: str, known: Mapping[str, str]) -> str | None:
    """
    The id of the resource of this type and name, or None where the cloud has none, or it is not of a kind with names.

    Raises: FlotillaError where the cloud does not say: a second one must not be made.
    """
    kind = TOKENS.get(type)
    if kind is None or not name:
        return None
    section = lists(known).get(kind, {"error": "this kind is not listed"})
    if "error" in section:
        raise FlotillaError(
            f"{name}: whether it was made cannot be told: {section['error']}. Nothing was done. Run the same command again."
        )
    return next((str(row["id"]) for row in section["data"] if row["name"] == name), None)
