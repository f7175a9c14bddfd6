"""
The order in each row: as few arrows as can be cross one another.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ops.diagrams.items import Item, mean

_SWEEPS = 8


def sort(rows: list[list[Item]]) -> None:
    best = [list(row) for row in rows]
    least = _crossings(rows)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            place = {id(item): (index + 0.5) / len(other) for other in rows for index, item in enumerate(other)}
            wanted = {id(item): mean([place[id(near)] for near in (item.above if down else item.below)]) for item in row}
            aims = {name: place[name] if aim is None else aim for name, aim in wanted.items()}
            row.sort(key=lambda item: aims[id(item)])
        found = _crossings(rows)
        if found < least:
            best, least = [list(row) for row in rows], found
    rows[:] = best
    while least:
        found = _swap(rows, least)
        if found == least:
            return
        least = found


def _swap(rows: Sequence[list[Item]], least: int) -> int:
    """
    Swap neighbours where that lessens crossings. Returns how many are left.
    """
    for row in rows:
        for index in range(len(row) - 1):
            row[index], row[index + 1] = row[index + 1], row[index]
            found = _crossings(rows)
            if found < least:
                least = found
            else:
                row[index], row[index + 1] = row[index + 1], row[index]
    return least


def _crossings(rows: Sequence[Sequence[Item]]) -> int:
    count = 0
    for row, under in pairwise(rows):
        place = {id(item): index for index, item in enumerate(under)}
        ends = [place[id(near)] for item in row for near in sorted(item.below, key=lambda near: place[id(near)])]
        count += sum(first > second for index, first in enumerate(ends) for second in ends[index + 1 :])
    return count
