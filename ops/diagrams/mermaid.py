"""
A diagram as Mermaid's text, for pages that are read where Mermaid is drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ops.diagrams.graph import Cluster, Edge, Flow, Graph, Kind, Node, clean
from ops.diagrams.style import LIGHT, PAINT

# What a label may have as it is. Everything else is written as its number, which Mermaid draws as the character: no quote,
# bracket, arrow, comment, directive, HTML or Markdown can be made of these. A hyphen stands only between letters and digits.
_ENCODED = re.compile(r"[^\w ·\u00d7→≥≤…/,.()?=-]|_|(?<![^\W_])-|-(?![^\W_])|(?<=\d)\.(?= )")
# What Mermaid reads something into even when it is written as numbers: a new line, a formula, an icon. An invisible word joiner
# keeps it apart. Tried with Mermaid 11 in Chromium, 2026-11-26.
_READ_INTO = re.compile(r"(?<=\\)(?=n)|(?<=\$)(?=\$)|(?<=:)(?=fa-)")
JOINER = "\u2060"
_ARROWS: Mapping[Flow, str] = {Flow.DATA: "-->", Flow.ORDER: "-.->", Flow.FAILURE: "==>"}
_SHAPES: Mapping[Kind, tuple[str, str]] = {Kind.OUTSIDE: ("([", "])"), Kind.STORE: ("[(", ")]"), Kind.NOTE: ("[/", "/]")}


def mermaid(graph: Graph) -> str:
    """
    A flowchart. Its ids are numbers of its own, so that no name is ever part of its syntax.
    """
    ids = {member.id: f"n{number}" for number, member in enumerate(graph.all_members())}
    lines = ["flowchart TB", *_group(graph, ids, 1)]
    kinds = {member.kind for member in graph.all_members() if isinstance(member, Node)}
    lines += [_class(kind) for kind in Kind if kind in kinds]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """
    Text for a label between quotation marks, on one line.
    """
    return _ENCODED.sub(lambda found: f"#{ord(found[0])};", _READ_INTO.sub(JOINER, clean(text)))


def _group(group: Graph | Cluster, ids: Mapping[str, str], depth: int) -> Iterator[str]:
    indent = "    " * depth
    for member in group.members:
        if isinstance(member, Node):
            yield f"{indent}{_node(member, ids[member.id])}"
        else:
            yield f'{indent}subgraph {ids[member.id]}["{escaped(member.label) or " "}"]'
            yield from _group(member, ids, depth + 1)
            yield f"{indent}end"
    for edge in group.edges:
        yield f"{indent}{_edge(edge, ids)}"
    yield from (f"{indent}{first} ~~~ {second}" for first, second in _below(group, ids))


def _node(node: Node, name: str) -> str:
    opening, closing = _SHAPES.get(node.kind, ("[", "]"))
    label = "<br/>".join(escaped(line) for line in node.label)
    return f'{name}{opening}"{label or " "}"{closing}:::{node.kind}'


def _edge(edge: Edge, ids: Mapping[str, str]) -> str:
    label = f'|"{escaped(edge.label)}"|' if clean(edge.label) else ""
    return f"{ids[edge.source]} {_ARROWS[edge.flow]}{label} {ids[edge.target]}"


def _below(group: Graph | Cluster, ids: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """
    What stands under what where columns are asked for: Mermaid would put members without arrows all side by side.
    """
    joined = {end for edge in group.edges for end in (edge.source, edge.target)}
    loose = [member.id for member in group.members if member.id not in joined]
    if group.columns:
        for first, second in zip(loose, loose[group.columns :], strict=False):
            yield ids[first], ids[second]


def _class(kind: Kind) -> str:
    paint = PAINT[kind]
    return f"    classDef {kind} fill:{LIGHT[paint.fill]},stroke:{LIGHT[paint.edge]},color:{LIGHT['text']}"
