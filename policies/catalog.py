"""
All packs, for tests, documentation, and the one question that a pack has about the others: whether a rule exists at all.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from policies.framework import Pack

FOLDER = Path(__file__).parent


@cache
def packs() -> tuple[Pack, ...]:
    """
    Every pack, by its folder's name.
    """
    names = sorted(path.parent.name for path in FOLDER.glob("*/PulumiPolicy.yaml"))
    return tuple(import_module(f"policies.{name}.rules").PACK for name in names)


def is_strange(rule: str) -> bool:
    """
    Whether no pack has a rule with this id.
    """
    return all(rule != known.id for pack in packs() for known in pack.rules)
