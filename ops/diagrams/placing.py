"""
How far to the right and how far down everything is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from ops.diagrams.items import CHANNEL, GAP, LANE, Item, mean

_SWEEPS = 8


def centre(rows: Sequence[Sequence[Item]]) -> None:
    """
    Bring every item near to the middle of those that it is linked with.
    """
    for row in rows:
        for item, middle in zip(row, spread([0.0] * len(row), apart(row)), strict=True):
            item.middle = middle
    for sweep in range(2 * _SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            nears = [
                item.above + item.below if sweep > _SWEEPS else item.above if sweep % 2 == 0 else item.below for item in row
            ]
            wanted = [mean([near.middle for near in found]) for found in nears]
            aims = [item.middle if aim is None else aim for item, aim in zip(row, wanted, strict=True)]
            for item, middle in zip(row, spread(aims, apart(row)), strict=True):
                item.middle = middle


def straighten(rows: Sequence[Sequence[Item]], chains: Sequence[Sequence[Item]]) -> None:
    """
    Take an arrow's places under each other, as far as their rows have room for that.
    """
    where = {id(item): (row, index) for row in rows for index, item in enumerate(row)}
    for chain in chains:
        run: list[Item] = []
        low, high = -math.inf, math.inf
        for place in chain[1:-1]:
            row, index = where[id(place)]
            left, right = _limits(row, index)
            if max(low, left) > min(high, right):
                _align(run, low, high)
                run, low, high = [], -math.inf, math.inf
            run.append(place)
            low, high = max(low, left), min(high, right)
        _align(run, low, high)


def _limits(row: Sequence[Item], index: int) -> tuple[float, float]:
    """
    How far to the left and to the right an item could go.
    """
    distances = apart(row[max(0, index - 1) : index + 2])
    left = row[index - 1].middle + distances[0] if index else -math.inf
    right = row[index + 1].middle - distances[-1] if index + 1 < len(row) else math.inf
    return left, right


def _align(run: Sequence[Item], low: float, high: float) -> None:
    middle = mean([item.middle for item in run])
    if middle is not None and low <= high:
        for item in run:
            item.middle = min(max(middle, low), high)


def apart(row: Sequence[Item]) -> list[float]:
    return [
        (first.width + second.width) / 2 + (GAP if first.width and second.width else LANE) for first, second in pairwise(row)
    ]


def spread(aims: Sequence[float], apart: Sequence[float]) -> list[float]:
    """
    The places nearest to the aims (by least squares) that keep their order, each at least so far from the one before.
    """
    offsets = [0.0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    # Runs of neighbours that touch: [sum of aims, how many].
    runs: list[list[float]] = []
    for aim, offset in zip(aims, offsets, strict=False):
        runs.append([aim - offset, 1])
        while len(runs) > 1 and runs[-2][0] * runs[-1][1] > runs[-1][0] * runs[-2][1]:
            total, count = runs.pop()
            runs[-1][0] += total
            runs[-1][1] += count
    places = [total / count for total, count in runs for _ in range(int(count))]
    return [place + offset for place, offset in zip(places, offsets, strict=False)]


def stack(rows: Sequence[Sequence[Item]]) -> int:
    """
    Rows under each other; boxes that may grow are as high as their highest. Returns the height of all.
    """
    top = 0
    for row in rows:
        highest = max((item.height for item in row if item.grows), default=0)
        for item in row:
            item.top = top
            if item.grows:
                item.height = highest
        top += max(item.height for item in row) + CHANNEL
    return top - CHANNEL
