"""
Plots as SVG: a bar for a value, a line for its last day. What is not known is a gap, and is said.
"""

from __future__ import annotations

from collections.abc import Sequence

from ops.page.markup import Markup, element

WIDTH, HEIGHT = 200, 24
LONGEST_STEP_S = 8 * 3600
"""Between two runs; with a report every six hours, more means that some are missing."""

Point = tuple[float, float | None]


def bar(value: float | None, whole: float, said: str, *, level: str = "ok") -> Markup:
    """
    A value's share of the whole. `said` is what it shows, in words; `level` a class: ok, warning, critical.
    """
    if value is None:
        inner = element("rect", x=0.5, y=6.5, width=WIDTH - 1, height=11, class_="unknown")
    else:
        length = round(WIDTH * min(max(value / whole, 0.0), 1.0), 1) if whole else 0
        inner = Markup(
            element("rect", x=0, y=6, width=WIDTH, height=12, class_="track")
            + element("rect", x=0, y=6, width=max(length, 1), height=12, class_=f"bar {level}")
        )
    return _drawn(inner, said)


def line(points: Sequence[Point], start: float, end: float, said: str) -> Markup:
    """
    Values over time, (seconds since 1970, value), from 0 to the largest. It is broken where a value, or a run, is missing.
    """
    top = max((value for _, value in points if value is not None), default=0.0) or 1.0
    parts = [element("line", x1=0, y1=HEIGHT - 2, x2=WIDTH, y2=HEIGHT - 2, class_="axis")]
    for run in unbroken(points):
        placed = [
            (round(WIDTH * (at - start) / (end - start), 1), round(HEIGHT - 3 - (HEIGHT - 6) * value / top, 1))
            for at, value in run
        ]
        if len(placed) > 1:
            parts.append(element("polyline", points=" ".join(f"{x},{y}" for x, y in placed), class_="line"))
        parts += [element("circle", cx=x, cy=y, r=1.8, class_="point") for x, y in placed]
    return _drawn(Markup("".join(parts)), said)


def unbroken(points: Sequence[Point]) -> list[list[tuple[float, float]]]:
    """
    The stretches without a gap, in the order of time.
    """
    runs: list[list[tuple[float, float]]] = [[]]
    for at, value in sorted(points, key=lambda point: point[0]):
        if value is None:
            runs.append([])
            continue
        if runs[-1] and at - runs[-1][-1][0] > LONGEST_STEP_S:
            runs.append([])
        runs[-1].append((at, value))
    return [run for run in runs if run]


def _drawn(inner: Markup, said: str) -> Markup:
    return element(
        "svg",
        element("title", said),
        inner,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        preserveAspectRatio="none",
        xmlns="http://www.w3.org/2000/svg",
    )
