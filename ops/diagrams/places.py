"""
Where things are in an environment: what several diagrams ask of its settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from components.naming import all_servers
from ops.diagrams.graph import Kind, Node
from ops.diagrams.speech import Speech
from settings import Role, Settings
from settings.catalog import LOAD_BALANCER_TYPE
from settings.entry import Entry

MOST_BOXES = 12


def with_role(settings: Settings, *roles: Role) -> list[str]:
    """
    The servers with any of these roles.
    """
    return [name for name, (_, pool) in all_servers(settings).items() if set(roles) & set(pool.roles)]


def location(settings: Settings, server: str) -> str:
    """
    Where a server stands.
    """
    return all_servers(settings)[server][1].location or settings.environment.location


def entry_node(settings: Settings, outputs: Mapping[str, Any] | None, speech: Speech) -> Node | None:
    """
    What stands before the servers; None where names lead to a server itself, or nothing lets requests in.
    """
    if not with_role(settings, Role.INGRESS):
        return None
    address = addresses(((outputs or {}).get("entry") or {}), ("ipv4", "ipv6"))
    match settings.environment.entry:
        case Entry.LOAD_BALANCER:
            label = (speech("Load balancer", "Répartiteur de charge"), LOAD_BALANCER_TYPE, *address)
        case Entry.FLOATING_IP:
            label = (speech("Floating IP", "IP flottante"), *address)
        case _:
            return None
    return Node(id="entry", label=label, kind=Kind.ENTRY)


def addresses(found: Mapping[str, Any], keys: Sequence[str]) -> list[str]:
    """
    Addresses that an output has, without those that it has not.
    """
    return [str(found[key]) for key in keys if found.get(key)]


def folded(nodes: Sequence[Node], speech: Speech, name: str, most: int = MOST_BOXES) -> tuple[Node, ...]:
    """
    Not more than so many boxes: the last says how many more there are, and which.
    """
    if len(nodes) <= most:
        return tuple(nodes)
    rest = nodes[most - 1 :]
    label = (
        speech("and {count} more", "et {count} autres", count=len(rest)),
        speech.listed([node.label[0] for node in rest], 12),
    )
    return (*nodes[: most - 1], Node(id=f"{name} more", label=label, kind=Kind.NOTE))
