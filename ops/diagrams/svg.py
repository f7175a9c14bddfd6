"""
A diagram as an SVG file of its own: nothing is fetched, nothing runs, and a screen reader is told what it shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ops.diagrams.graph import Cluster, Drawing, Flow, Kind, Node, clean
from ops.diagrams.items import Box, Point
from ops.diagrams.layout import FRAME_LINE, LID, LINE, SMALL_LINE, Arrow, Line, Picture, place
from ops.diagrams.measure import width, wrapped
from ops.diagrams.style import PAINT, TEXT, TITLE, css
from ops.page.markup import Markup, element

MARGIN = 16
TITLE_LINE = 24
TIP, HALF_TIP = 8, 4.5


def svg(drawing: Drawing) -> str:
    """
    The file's text. Its frame is as wide as what is in it: whoever shows it may make it smaller.
    """
    picture = place(drawing.graph)
    title = list(wrapped(clean(drawing.title), max(picture.width, 320), TITLE, is_bold=True))
    wide = max([picture.width, *(round(width(line, TITLE, is_bold=True) + 0.5) for line in title)]) + 2 * MARGIN
    top = MARGIN + TITLE_LINE * len(title) + 8
    high = top + picture.height + MARGIN
    heading = [_text(line, MARGIN, MARGIN + TITLE_LINE * (row + 1) - 8, "head") for row, line in enumerate(title)]
    moved = (wide - picture.width) // 2
    body = element("g", *_drawn(drawing, picture), transform=f"translate({moved} {top})")
    return _document(drawing, wide, high, [*heading, body])


def _document(drawing: Drawing, wide: int, high: int, parts: Sequence[Markup]) -> str:
    return (
        element(
            "svg",
            element("title", clean(drawing.title)),
            element("desc", clean(drawing.alt)),
            element("style", Markup(css())),
            element("rect", width=wide, height=high, class_="back"),
            *parts,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {wide} {high}",
            width=wide,
            height=high,
            class_="fd",
            role="img",
        )
        + "\n"
    )


def _drawn(drawing: Drawing, picture: Picture) -> Iterator[Markup]:
    """
    Frames first, then arrows, then boxes, then what is written on arrows.
    """
    members = {member.id: member for member in drawing.graph.all_members()}
    depths = _depths(drawing)
    for name, box in picture.boxes.items():
        if isinstance(members[name], Cluster):
            yield _frame(box, picture.lines[name], depths[name])
    for arrow in picture.arrows:
        yield from _arrow(arrow)
    for name, box in picture.boxes.items():
        member = members[name]
        if isinstance(member, Node):
            yield from _node(member, box, picture.lines[name])
    for arrow in picture.arrows:
        if arrow.label:
            yield _rect(arrow.label, "raised" if arrow.depth % 2 else "back")
            yield from _lines(arrow.lines, arrow.label)


def _depths(drawing: Drawing) -> dict[str, int]:
    depths = {member.id: 0 for member in drawing.graph.members}
    for member in drawing.graph.all_members():
        if isinstance(member, Cluster):
            depths |= {inner.id: depths[member.id] + 1 for inner in member.members}
    return depths


def _frame(box: Box, lines: Sequence[Line], depth: int) -> Markup:
    parts = [_rect(box, f"{'back' if depth % 2 else 'raised'} group", 8)]
    parts += [_text(line.text, box.x + 14, box.y + FRAME_LINE * (row + 1) + 2, "frame") for row, line in enumerate(lines)]
    return element("g", *parts)


def _node(node: Node, box: Box, lines: Sequence[Line]) -> Iterator[Markup]:
    paint = PAINT[node.kind].fill
    if node.kind is Kind.STORE:
        yield _rect(box, paint, 10)
        yield element(
            "path",
            d=f"M{box.x} {box.y + LID}q{_n(box.width / 2)} {LID} {box.width} 0",
            class_=f"lid {paint}",
            style="fill:none",
        )
    elif node.kind is Kind.OUTSIDE:
        yield _rect(box, paint, min(box.height, 44) // 2)
    else:
        yield _rect(box, paint, 5)
    yield from _lines(lines, box.moved(0, LID // 2) if node.kind is Kind.STORE else box)


def _lines(lines: Sequence[Line], box: Box) -> Iterator[Markup]:
    """
    Text in the middle of a box.
    """
    heights = [LINE if line.size == TEXT else SMALL_LINE for line in lines]
    y = box.y + (box.height - sum(heights)) / 2
    for line, height in zip(lines, heights, strict=True):
        y += height
        kind = "name" if line.is_name else "small" if line.size != TEXT else None
        yield _text(line.text, box.x + box.width / 2, y - 5, kind)


def _arrow(arrow: Arrow) -> Iterator[Markup]:
    """
    The line ends where its tip begins.
    """
    flow = arrow.edge.flow
    kind = {"order": "order", "failure": "failure"}.get(flow)
    (_, start), (x, y) = arrow.points[0], arrow.points[-1]
    down = 1 if start < y else -1
    points = [*arrow.points[:-1], (x, y - down * (TIP - 1))]
    yield element("path", d=_way(points), class_=kind)
    tip = f"M{_n(x)} {y}l{-HALF_TIP} {-down * TIP}h{2 * HALF_TIP:g}z"
    yield element("path", d=tip, class_="tip failing" if flow is Flow.FAILURE else "tip")


def _way(points: Sequence[Point]) -> str:
    parts = [f"M{_n(points[0][0])} {_n(points[0][1])}"]
    last = points[0]
    for x, y in points[1:]:
        if (x, y) == last:
            continue
        middle = (last[1] + y) / 2
        bend = f"C{_n(last[0])} {_n(middle)} {_n(x)} {_n(middle)} {_n(x)} {_n(y)}"
        parts.append(f"V{_n(y)}" if x == last[0] else bend)
        last = (x, y)
    return "".join(parts)


def _rect(box: Box, kind: str, radius: int | None = None) -> Markup:
    return element("rect", x=box.x, y=box.y, width=box.width, height=box.height, rx=radius, class_=kind)


def _text(text: str, x: float, y: float, kind: str | None = None) -> Markup:
    return element("text", text, x=_n(x), y=_n(y), class_=kind)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
