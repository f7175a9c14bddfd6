"""
Boxes in rows, so that every arrow leads down and none crosses a box: the layout of one group.

In the manner of Sugiyama, Tagawa and Toda (1981): rows by the longest way, long arrows and labels take a place of their own in
each row that they pass, crossings are lessened by sorting, and each box comes as near to the middle of its neighbours as its
row allows. Only additions, divisions and comparisons of numbers in one order: the same everywhere.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

GAP, LANE, CHANNEL = 22, 14, 30
_SWEEPS = 8


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


Point = tuple[float, int]


@dataclass(frozen=True)
class Arranged:
    """
    A group. `routes` are each link's points from its source to its target: it bends between two that are not above one
    another. `labels` are where the labels are, None for links without.
    """

    boxes: Mapping[str, Box]
    routes: Sequence[Sequence[Point]]
    labels: Sequence[Box | None]
    width: int
    height: int


@dataclass(eq=False)
class _Item:
    """
    Something in a row: a box, or a place where an arrow passes.
    """

    width: int
    height: int
    row: int
    grows: bool = False
    above: list[_Item] = field(default_factory=list)
    below: list[_Item] = field(default_factory=list)
    middle: float = 0.0
    top: int = 0


def arrange(sizes: Mapping[str, Size], links: Sequence[Link], limit: int) -> Arranged:
    """
    Every box has a link. `limit` is how wide a row of boxes may be; what does not fit goes into a further row.
    """
    order = _in_order(list(sizes), links)
    rows_of = _rows(sizes, links, order, limit)
    items = {name: _Item(size.width, size.height, 2 * rows_of[name], size.grows) for name, size in sizes.items()}
    chains = _chains(items, links)
    rows = _filled([*items.values(), *(item for chain in chains for item in chain[1:-1])])
    _sort(rows)
    _centre(rows)
    height = _stack(rows)
    _straighten(rows, chains)
    left = min(item.middle - item.width / 2 for row in rows for item in row)
    boxes = {
        name: Box(round(item.middle - item.width / 2 - left), item.top, item.width, item.height) for name, item in items.items()
    }
    for name, item in items.items():
        item.middle = boxes[name].x + item.width / 2
    for item in (item for chain in chains for item in chain[1:-1]):
        item.middle = round(item.middle - left)
    bottoms = {row[0].row: max(item.top + item.height for item in row) for row in rows}
    routes = _routes(chains, bottoms)
    labels = [_label(chain) if link.label.width else None for chain, link in zip(chains, links, strict=True)]
    right = max(item.middle + item.width / 2 for row in rows for item in row)
    backwards = [rows_of[link.source] > rows_of[link.target] for link in links]
    return Arranged(
        boxes=boxes,
        routes=[route[::-1] if is_back else route for route, is_back in zip(routes, backwards, strict=True)],
        labels=labels,
        width=round(right + 0.5),
        height=height,
    )


def _in_order(names: Sequence[str], links: Sequence[Link]) -> dict[str, int]:
    """
    Places in an order in which sources come before targets; where links go in a circle, it is begun where most lead away.
    """
    before: dict[str, set[str]] = {name: set() for name in names}
    balance = dict.fromkeys(names, 0)
    for link in links:
        before[link.target].add(link.source)
        balance[link.source] += 1
        balance[link.target] -= 1
    waiting, placed = list(names), dict[str, int]()
    while waiting:
        ready = next((name for name in waiting if before[name] <= placed.keys()), None)
        name = ready or max(waiting, key=lambda name: balance[name])
        waiting.remove(name)
        placed[name] = len(placed)
    return placed


def _rows(sizes: Mapping[str, Size], links: Sequence[Link], order: Mapping[str, int], limit: int) -> dict[str, int]:
    """
    The row of each box: below all that lead to it, near to what it leads to, and no row too wide.
    """
    above: dict[str, list[str]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    for link in links:
        first, second = sorted((link.source, link.target), key=order.__getitem__)
        above[second].append(first)
        below[first].append(second)
    rank: dict[str, int] = {}
    for name in order:
        rank[name] = max((rank[other] + 1 for other in above[name]), default=0)
    for name in reversed(list(order)):
        if not above[name] and below[name]:
            rank[name] = min(rank[other] for other in below[name]) - 1
    rows: dict[str, int] = {}
    row = -1
    for level in sorted(set(rank.values())):
        row, taken = row + 1, 0
        for name in (name for name in sizes if rank[name] == level):
            if taken and taken + GAP + sizes[name].width > limit:
                row, taken = row + 1, 0
            taken += (GAP if taken else 0) + sizes[name].width
            rows[name] = row
    return rows


def _chains(items: Mapping[str, _Item], links: Sequence[Link]) -> list[list[_Item]]:
    """
    What each arrow passes, from its upper end to its lower one; its label is just above the lower one. There are places in rows
    of boxes (even numbers), and between two of them (odd ones) where any arrow has a label.
    """
    ends = [sorted((items[link.source], items[link.target]), key=lambda item: item.row) for link in links]
    labelled = {lower.row - 1 for (_, lower), link in zip(ends, links, strict=True) if link.label.width}
    chains = []
    for (upper, lower), link in zip(ends, links, strict=True):
        places = [_Item(0, 0, row) for row in range(upper.row + 1, lower.row) if row % 2 == 0 or row in labelled]
        if link.label.width:
            places[-1].width, places[-1].height = link.label.width, link.label.height
        chains.append([upper, *places, lower])
        for first, second in pairwise(chains[-1]):
            first.below.append(second)
            second.above.append(first)
    return chains


def _filled(items: Sequence[_Item]) -> list[list[_Item]]:
    rows: dict[int, list[_Item]] = defaultdict(list)
    for item in items:
        rows[item.row].append(item)
    return [rows[row] for row in sorted(rows)]


def _sort(rows: list[list[_Item]]) -> None:
    best = [list(row) for row in rows]
    least = _crossings(rows)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            place = {id(item): (index + 0.5) / len(other) for other in rows for index, item in enumerate(other)}
            wanted = {id(item): _mean([place[id(near)] for near in (item.above if down else item.below)]) for item in row}
            row.sort(key=lambda item: place[id(item)] if wanted[id(item)] is None else wanted[id(item)])
        found = _crossings(rows)
        if found < least:
            best, least = [list(row) for row in rows], found
    rows[:] = best
    while least:
        found = _swap(rows, least)
        if found == least:
            return
        least = found


def _swap(rows: Sequence[list[_Item]], least: int) -> int:
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


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _crossings(rows: Sequence[Sequence[_Item]]) -> int:
    count = 0
    for row, under in pairwise(rows):
        place = {id(item): index for index, item in enumerate(under)}
        ends = [place[id(near)] for item in row for near in sorted(item.below, key=lambda near: place[id(near)])]
        count += sum(first > second for index, first in enumerate(ends) for second in ends[index + 1 :])
    return count


def _centre(rows: Sequence[Sequence[_Item]]) -> None:
    """
    Bring every item near to the middle of those that it is linked with.
    """
    for row in rows:
        for item, middle in zip(row, spread([0.0] * len(row), _apart(row)), strict=True):
            item.middle = middle
    for sweep in range(2 * _SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            nears = [
                item.above + item.below if sweep > _SWEEPS else item.above if sweep % 2 == 0 else item.below for item in row
            ]
            wanted = [_mean([near.middle for near in found]) for found in nears]
            aims = [item.middle if aim is None else aim for item, aim in zip(row, wanted, strict=True)]
            for item, middle in zip(row, spread(aims, _apart(row)), strict=True):
                item.middle = middle


def _straighten(rows: Sequence[Sequence[_Item]], chains: Sequence[Sequence[_Item]]) -> None:
    """
    Take an arrow's places under each other, as far as their rows have room for that.
    """
    where = {id(item): (row, index) for row in rows for index, item in enumerate(row)}
    for chain in chains:
        run: list[_Item] = []
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


def _limits(row: Sequence[_Item], index: int) -> tuple[float, float]:
    """
    How far to the left and to the right an item could go.
    """
    apart = _apart(row[max(0, index - 1) : index + 2])
    left = row[index - 1].middle + apart[0] if index else -math.inf
    right = row[index + 1].middle - apart[-1] if index + 1 < len(row) else math.inf
    return left, right


def _align(run: Sequence[_Item], low: float, high: float) -> None:
    middle = _mean([item.middle for item in run])
    if middle is not None and low <= high:
        for item in run:
            item.middle = min(max(middle, low), high)


def _apart(row: Sequence[_Item]) -> list[float]:
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


def _stack(rows: Sequence[Sequence[_Item]]) -> int:
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


def _label(chain: Sequence[_Item]) -> Box:
    place = chain[-2]
    return Box(round(place.middle - place.width / 2), place.top, place.width, place.height)


def _routes(chains: Sequence[Sequence[_Item]], bottoms: Mapping[int, int]) -> list[list[Point]]:
    """
    Each arrow's points, downwards. `bottoms` is where a row ends, by its number.
    """
    leaving = _ports(chains, is_above=False)
    arriving = _ports(chains, is_above=True, leaving=leaving)
    routes: list[list[Point]] = []
    for number, chain in enumerate(chains):
        first, last = chain[0], chain[-1]
        points: list[Point] = [(leaving[number], first.top + first.height), (leaving[number], bottoms[first.row])]
        for place in chain[1:-1]:
            points += [(place.middle, place.top), (place.middle, bottoms[place.row])]
        routes.append([*points, (arriving[number], last.top)])
    return routes


def _ports(
    chains: Sequence[Sequence[_Item]], *, is_above: bool, leaving: Mapping[int, float] | None = None
) -> dict[int, float]:
    """
    Where each arrow meets its box: {number of the chain: x}. Straight where it can be, and never two at one place.
    """
    meeting: dict[int, list[int]] = defaultdict(list)
    for number, chain in enumerate(chains):
        meeting[id(chain[-1] if is_above else chain[0])].append(number)
    ports: dict[int, float] = {}
    for numbers in meeting.values():
        box = chains[numbers[0]][-1 if is_above else 0]
        near = {number: chains[number][-2 if is_above else 1] for number in numbers}
        come = {
            number: leaving[number] if leaving and len(chains[number]) == 2 else item.middle for number, item in near.items()
        }
        numbers.sort(key=lambda number: (come[number], number))
        room = max(0.0, box.width - 24)
        step = min(26.0, room / max(1, len(numbers) - 1))
        low, high = box.middle - room / 2, box.middle + room / 2
        aims = [
            min(max(come[number], low), high) if near[number].width < box.width or is_above else box.middle
            for number in numbers
        ]
        places = spread(aims, [step] * (len(numbers) - 1))
        for index, (number, place) in enumerate(zip(numbers, places, strict=True)):
            ports[number] = round(min(max(place, low + index * step), high - (len(numbers) - 1 - index) * step))
    return ports
