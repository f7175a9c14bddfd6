"""
What is wrong with a diagram's places: said as sentences, so that a test shows all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

from ops.diagrams.graph import Cluster, Graph
from ops.diagrams.items import Box, Point
from ops.diagrams.layout import Arrow, Line, Picture, place
from ops.diagrams.measure import width

STEPS = 12


def faults(graph: Graph) -> list[str]:
    """
    Boxes that overlap or leave their frame, text that does not fit, arrows that cross a box or end beside it, labels that cover
    something.
    """
    picture = place(graph)
    return [
        *_boxes(graph, graph, picture, Box(0, 0, picture.width, picture.height)),
        *(fault for name, box in picture.boxes.items() for fault in _text(name, picture.lines[name], box)),
        *(fault for arrow in picture.arrows for fault in _arrow(graph, picture, arrow)),
        *_labels(picture),
    ]


def _boxes(graph: Graph, group: Graph | Cluster, picture: Picture, frame: Box) -> Iterator[str]:
    for member in group.members:
        if not _within(picture.boxes[member.id], frame):
            yield f"{member.id} leaves its frame"
        if isinstance(member, Cluster):
            yield from _boxes(graph, member, picture, picture.boxes[member.id])
    for one, other in combinations(group.members, 2):
        if _overlap(picture.boxes[one.id], picture.boxes[other.id]):
            yield f"{one.id} overlaps {other.id}"


def _text(name: str, lines: tuple[Line, ...], box: Box) -> Iterator[str]:
    for line in lines:
        if width(line.text, line.size, is_bold=line.is_name) > box.width:
            yield f"the text {line.text!r} is wider than {name}"
    if sum(17 for _ in lines) > box.height:
        yield f"the text of {name} is higher than its box"


def _arrow(graph: Graph, picture: Picture, arrow: Arrow) -> Iterator[str]:
    source, target = picture.boxes[arrow.edge.source], picture.boxes[arrow.edge.target]
    name = f"{arrow.edge.source} -> {arrow.edge.target}"
    if not (_on_edge(arrow.points[0], source) and _on_edge(arrow.points[-1], target)):
        yield f"{name} does not begin and end at its boxes"
    around = _ancestors(graph, arrow.edge.source)
    way = list(_way(arrow.points))
    for other, box in picture.boxes.items():
        if other not in around and any(_inside(point, box) for point in way):
            yield f"{name} crosses {other}"
    if any(not 0 <= x <= picture.width for x, _ in way):
        yield f"{name} leaves the picture"


def _labels(picture: Picture) -> Iterator[str]:
    labels = [(arrow, arrow.label) for arrow in picture.arrows if arrow.label]
    for arrow, box in labels:
        yield from _text(f"the arrow to {arrow.edge.target}", arrow.lines, box)
        if not _within(box, Box(0, 0, picture.width, picture.height)):
            yield f"the label {arrow.edge.label!r} leaves the picture"
        x, y = box.x + box.width / 2, box.y + box.height / 2
        if not any(abs(x - across) <= 1 for across, down in _way(arrow.points) if abs(y - down) <= box.height / 2):
            yield f"the label {arrow.edge.label!r} is beside its arrow"
        for name, other in picture.boxes.items():
            if _overlap(box, other) and not _within(box, other):
                yield f"the label {arrow.edge.label!r} covers {name}"
    for (one, first), (_, second) in combinations(labels, 2):
        if _overlap(first, second):
            yield f"the label {one.edge.label!r} covers another one"


def _way(points: tuple[Point, ...]) -> Iterator[tuple[float, float]]:
    for (x, y), (to_x, to_y) in pairwise(points):
        for step in range(STEPS + 1):
            part = step / STEPS
            bend = 3 * part**2 - 2 * part**3
            down = 1.5 * part * (1 - part) ** 2 + 1.5 * part**2 * (1 - part) + part**3
            yield x + (to_x - x) * bend, y + (to_y - y) * down


def _ancestors(graph: Graph, name: str) -> set[str]:
    found: set[str] = set()
    wanted = name
    clusters = [member for member in graph.all_members() if isinstance(member, Cluster)]
    while parent := next((cluster.id for cluster in clusters if wanted in {member.id for member in cluster.members}), None):
        found.add(parent)
        wanted = parent
    return found


def _within(box: Box, frame: Box) -> bool:
    return (
        frame.x <= box.x
        and frame.y <= box.y
        and box.x + box.width <= frame.x + frame.width
        and box.y + box.height <= frame.y + frame.height
    )


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def _on_edge(point: Point, box: Box) -> bool:
    x, y = point
    return box.x <= x <= box.x + box.width and y in (box.y, box.y + box.height)


def _inside(point: tuple[float, float], box: Box) -> bool:
    x, y = point
    return box.x < x < box.x + box.width and box.y < y < box.y + box.height
