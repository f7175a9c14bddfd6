"""
What a diagram shows: boxes, groups of boxes, and arrows between them. One model, for Mermaid and for SVG.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

# What is no text: control characters, marks that change the direction of text, halves of pairs, and what XML 1.0 has no place
# for (section 2.2).
_UNSEEN = dict.fromkeys(
    {*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF},
    "\ufffd",
) | dict.fromkeys((0x09, 0x0A, 0x0D, 0x2028, 0x2029), " ")


class Kind(StrEnum):
    """
    What a box stands for. The last five say how it fares: LOST to FINE where something fails, DIFFERENT in a comparison.
    """

    OUTSIDE = "outside"
    ENTRY = "entry"
    SERVER = "server"
    PROCESS = "process"
    STORE = "store"
    WATCH = "watch"
    STEP = "step"
    NOTE = "note"
    LOST = "lost"
    UNSURE = "unsure"
    WEAKER = "weaker"
    FINE = "fine"
    DIFFERENT = "different"


class Flow(StrEnum):
    """
    What an arrow stands for: requests and data, or orders and looks, or what happens where something failed.
    """

    DATA = "data"
    ORDER = "order"
    FAILURE = "failure"


@dataclass(frozen=True, kw_only=True)
class Node:
    """
    A box. `label` is its lines, the first of them its name.
    """

    id: str
    label: tuple[str, ...]
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """
    A group of boxes with a frame. `columns` is how many are side by side where no arrows say so; 0: as many as fit.
    """

    id: str
    label: str
    members: tuple[Node | Cluster, ...]
    edges: tuple[Edge, ...] = ()
    columns: int = 0


@dataclass(frozen=True, kw_only=True)
class Edge:
    """
    An arrow between two members of the same group, so that none has to cross a frame.
    """

    source: str
    target: str
    label: str = ""
    flow: Flow = Flow.DATA


@dataclass(frozen=True, kw_only=True)
class Graph:
    """
    A whole diagram.

    Raises: ValueError where ids are not unique, or an arrow does not join two members of its own group.
    """

    members: tuple[Node | Cluster, ...]
    edges: tuple[Edge, ...] = ()
    columns: int = 0

    def __post_init__(self) -> None:
        found = [member.id for member in self.all_members()]
        if len(found) != len(set(found)):
            raise ValueError(f"a diagram has two members called {max(found, key=found.count)}")
        groups: list[Graph | Cluster] = [self, *(member for member in self.all_members() if isinstance(member, Cluster))]
        for group in groups:
            known = {member.id for member in group.members}
            for edge in group.edges:
                if edge.source == edge.target or not {edge.source, edge.target} <= known:
                    raise ValueError(f"an arrow from {edge.source} to {edge.target} does not join two members of one group")

    def all_members(self) -> Iterator[Node | Cluster]:
        """
        Every box and group, each group before what is in it.
        """
        waiting = list(reversed(self.members))
        while waiting:
            member = waiting.pop()
            yield member
            if isinstance(member, Cluster):
                waiting.extend(reversed(member.members))


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """
    A diagram with its name (of a file, without its ending), its title, and in `alt` the same in words.
    """

    name: str
    title: str
    alt: str
    graph: Graph

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", file_name(self.name))


def file_name(name: str) -> str:
    """
    A name that is one file's on every system.
    """
    return re.sub(r"[^A-Za-z0-9_-]", "-", name)


def clean(text: str) -> str:
    """
    One line of text that is nothing but text: other kinds of white space are blanks, what cannot be seen is U+FFFD.
    """
    return " ".join(text.translate(_UNSEEN).split())
