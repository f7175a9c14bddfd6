"""
What a stack's name and its configuration say before anything was checked. Standard library only: every preview waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping

SANDBOX = "local"


def is_sandbox(stack: str) -> bool:
    """
    Whether the stack is a rehearsal on one's own machine, which may be thrown away: nothing in it has to be protected, and the
    stand-in plugins change nothing in any other.
    """
    return stack == SANDBOX or stack.startswith(f"{SANDBOX}-")


def named_zones(environment: object) -> list[str]:
    """
    The DNS zones that an environment's configuration names, valid or not.
    """
    if not isinstance(environment, Mapping):
        return []
    further = environment.get("zones")
    named = [environment.get("zone"), *(further if isinstance(further, list) else [])]
    return [zone for zone in named if isinstance(zone, str)]
