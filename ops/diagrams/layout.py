"""
Where everything of a diagram is: groups within groups, each laid out by itself and then taken as one box.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ops.diagrams.graph import Cluster, Edge, Graph, Kind, Node, clean
from ops.diagrams.items import CHANNEL, GAP, Box, Link, Point, Size
from ops.diagrams.layers import arrange
from ops.diagrams.measure import width, wrapped
from ops.diagrams.style import SMALL, TEXT

# How wide a picture may become, where its parts allow: readable on a phone, whose screen is some 360 pixels wide.
LIMIT = 560
ROOM, LABEL_ROOM = 148, 128
PAD_X, PAD_Y, LINE, SMALL_LINE = 11, 9, 19, 17
FRAME, FRAME_LINE = 14, 18
LEAST_WIDTH, LID = 84, 6


@dataclass(frozen=True)
class Line:
    """
    One line of a label. `size` is its font's.
    """

    text: str
    size: float
    is_name: bool = False


@dataclass(frozen=True)
class Arrow:
    """
    An arrow with its way, and its label's place and lines if it has one. `depth` is how many frames are around it.
    """

    edge: Edge
    points: tuple[Point, ...]
    label: Box | None
    lines: tuple[Line, ...]
    depth: int


@dataclass(frozen=True)
class Picture:
    """
    A diagram with places. `boxes` are those of nodes and groups, groups before what is in them; `lines` are their labels.
    """

    width: int
    height: int
    boxes: Mapping[str, Box]
    lines: Mapping[str, tuple[Line, ...]]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True)
class _Block:
    """
    A member or a group's content, by itself: places count from its own left upper corner.
    """

    width: int
    height: int
    boxes: Mapping[str, Box] = field(default_factory=dict)
    arrows: tuple[Arrow, ...] = ()
    grows: bool = False


def place(graph: Graph) -> Picture:
    """
    The whole diagram.
    """
    lines: dict[str, tuple[Line, ...]] = {}
    block = _content(graph, lines, LIMIT, 0)
    return Picture(width=block.width, height=block.height, boxes=block.boxes, lines=lines, arrows=block.arrows)


def _content(group: Graph | Cluster, lines: dict[str, tuple[Line, ...]], limit: int, depth: int) -> _Block:
    """
    What has arrows in rows, and under it the rest in columns.
    """
    blocks = {
        member.id: _node(member, lines) if isinstance(member, Node) else _cluster(member, lines, limit, depth)
        for member in group.members
    }
    joined = {end for edge in group.edges for end in (edge.source, edge.target)}
    loose = {name: block for name, block in blocks.items() if name not in joined}
    parts = []
    if joined:
        parts.append(_arranged({name: block for name, block in blocks.items() if name in joined}, group.edges, limit, depth))
    if loose:
        parts.append(_in_columns(loose, _columns(list(loose.values()), group.columns, limit)))
    return _under_each_other(parts)


def _node(node: Node, lines: dict[str, tuple[Line, ...]]) -> _Block:
    found = [
        Line(text, TEXT, is_name=True) for text in wrapped(clean(node.label[0]) if node.label else "", ROOM, TEXT, is_bold=True)
    ]
    found += [Line(text, SMALL) for label in node.label[1:] for text in wrapped(clean(label), ROOM, SMALL)]
    lines[node.id] = tuple(found)
    return _Block(
        _widest(found, LEAST_WIDTH - 2 * PAD_X) + 2 * PAD_X,
        _height(found) + 2 * PAD_Y + (LID if node.kind is Kind.STORE else 0),
        grows=True,
    )


def _cluster(cluster: Cluster, lines: dict[str, tuple[Line, ...]], limit: int, depth: int) -> _Block:
    inner = _content(cluster, lines, limit - 2 * FRAME, depth + 1)
    title = [
        Line(text, SMALL, is_name=True)
        for text in wrapped(clean(cluster.label), max(inner.width, 2 * ROOM), SMALL, is_bold=True)
    ]
    lines[cluster.id] = tuple(title)
    top = FRAME_LINE * len(title) + FRAME if title else FRAME
    wide = max(inner.width, _widest(title))
    return replace(
        _moved(inner, FRAME + (wide - inner.width) // 2, top), width=wide + 2 * FRAME, height=inner.height + top + FRAME
    )


def _arranged(blocks: Mapping[str, _Block], edges: Sequence[Edge], limit: int, depth: int) -> _Block:
    labels = [tuple(Line(text, SMALL) for text in wrapped(clean(edge.label), LABEL_ROOM, SMALL)) for edge in edges]
    links = [
        Link(edge.source, edge.target, Size(_widest(label) + 8 if label else 0, _height(label)))
        for edge, label in zip(edges, labels, strict=True)
    ]
    found = arrange({name: Size(block.width, block.height, block.grows) for name, block in blocks.items()}, links, limit)
    arrows = [
        Arrow(edge, tuple(points), label, lines, depth)
        for edge, points, label, lines in zip(edges, found.routes, found.labels, labels, strict=True)
    ]
    return _together(blocks, found.boxes, arrows, found.width, found.height)


def _columns(blocks: Sequence[_Block], wanted: int, limit: int) -> int:
    """
    How many side by side: as wanted, or as many as fit, in as few rows of about the same length.
    """
    if wanted:
        return min(wanted, len(blocks))
    for count in range(len(blocks), 1, -1):
        if sum(_column_widths(blocks, count)) + GAP * (count - 1) <= limit:
            return math.ceil(len(blocks) / math.ceil(len(blocks) / count))
    return 1


def _column_widths(blocks: Sequence[_Block], count: int) -> list[int]:
    return [max(block.width for block in blocks[column::count]) for column in range(min(count, len(blocks)))]


def _in_columns(blocks: Mapping[str, _Block], count: int) -> _Block:
    found = list(blocks.items())
    widths = _column_widths([block for _, block in found], count)
    boxes: dict[str, Box] = {}
    top = 0
    for start in range(0, len(found), count):
        row = found[start : start + count]
        highest = max(block.height for _, block in row)
        left = 0
        for (name, block), wide in zip(row, widths, strict=False):
            boxes[name] = Box(left, top, wide, highest if block.grows or len(row) == 1 else max(block.height, highest))
            left += wide + GAP
        top += highest + GAP
    return _together(blocks, boxes, [], sum(widths) + GAP * (len(widths) - 1), top - GAP)


def _together(blocks: Mapping[str, _Block], boxes: Mapping[str, Box], arrows: Sequence[Arrow], wide: int, high: int) -> _Block:
    """
    The members' own content, where the members are; in the middle of those that became wider.
    """
    found: dict[str, Box] = {}
    inner: list[Arrow] = []
    for name, block in blocks.items():
        box = boxes[name]
        moved = _moved(block, box.x + (box.width - block.width) // 2, box.y)
        found |= {name: box, **moved.boxes}
        inner += moved.arrows
    return _Block(wide, high, found, (*arrows, *inner))


def _under_each_other(parts: Sequence[_Block]) -> _Block:
    wide = max((part.width for part in parts), default=0)
    boxes: dict[str, Box] = {}
    arrows: list[Arrow] = []
    top = 0
    for part in parts:
        moved = _moved(part, (wide - part.width) // 2, top)
        boxes |= moved.boxes
        arrows += moved.arrows
        top += part.height + CHANNEL
    return _Block(wide, max(0, top - CHANNEL), boxes, tuple(arrows))


def _moved(block: _Block, x: int, y: int) -> _Block:
    arrows = tuple(
        replace(
            arrow,
            points=tuple((across + x, down + y) for across, down in arrow.points),
            label=arrow.label.moved(x, y) if arrow.label else None,
        )
        for arrow in block.arrows
    )
    return replace(block, boxes={name: box.moved(x, y) for name, box in block.boxes.items()}, arrows=arrows)


def _widest(lines: Sequence[Line], least: int = 0) -> int:
    return max([least, *(math.ceil(width(line.text, line.size, is_bold=line.is_name)) for line in lines)])


def _height(lines: Sequence[Line]) -> int:
    return sum(LINE if line.size == TEXT else SMALL_LINE for line in lines)
