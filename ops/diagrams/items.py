"""
What a layout in rows is made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

# Pixels: between boxes side by side, beside an arrow that passes, between rows.
GAP, LANE, CHANNEL = 22, 14, 30
Point = tuple[float, int]


@dataclass(frozen=True)
class Size:
    """
    What a box needs. One that `grows` may be as high as the highest in its row.
    """

    width: int
    height: int
    grows: bool = True


@dataclass(frozen=True)
class Link:
    """
    An arrow, with the size of its label; (0, 0) without one.
    """

    source: str
    target: str
    label: Size


@dataclass(frozen=True)
class Box:
    """
    Where something is: its left upper corner and its size, in pixels.
    """

    x: int
    y: int
    width: int
    height: int

    def moved(self, x: int, y: int) -> Box:
        """
        The same elsewhere.
        """
        return Box(self.x + x, self.y + y, self.width, self.height)


@dataclass(eq=False)
class Item:
    """
    Something in a row: a box, or a place where an arrow passes.
    """

    width: int
    height: int
    row: int
    grows: bool = False
    above: list[Item] = field(default_factory=list)
    below: list[Item] = field(default_factory=list)
    middle: float = 0.0
    top: int = 0


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
