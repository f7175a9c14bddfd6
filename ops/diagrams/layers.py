"""
Boxes in rows, so that every arrow leads down and none crosses a box: the layout of one group.

In the manner of Sugiyama, Tagawa and Toda (1981): rows by the longest way, long arrows and labels take a place of their own in
each row that they pass, crossings are lessened by sorting, and each box comes as near to the middle of its neighbours as its
row allows. Only additions, divisions and comparisons of numbers in one order: the same everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ops.diagrams import ranking
from ops.diagrams.items import Box, Item, Link, Point, Size
from ops.diagrams.ordering import sort
from ops.diagrams.placing import centre, stack, straighten
from ops.diagrams.routing import routes


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


def arrange(sizes: Mapping[str, Size], links: Sequence[Link], limit: int) -> Arranged:
    """
    Every box has a link. `limit` is how wide a row of boxes may be; what does not fit goes into a further row.
    """
    rows_of = ranking.rows(sizes, links, ranking.in_order(list(sizes), links), limit)
    items = {name: Item(size.width, size.height, 2 * rows_of[name], size.grows) for name, size in sizes.items()}
    chains = _chains(items, links)
    rows = _filled([*items.values(), *(item for chain in chains for item in chain[1:-1])])
    sort(rows)
    centre(rows)
    height = stack(rows)
    straighten(rows, chains)
    _to_the_left(rows)
    ways = routes(chains, {row[0].row: max(item.top + item.height for item in row) for row in rows})
    backwards = [rows_of[link.source] > rows_of[link.target] for link in links]
    return Arranged(
        boxes={name: _box(item) for name, item in items.items()},
        routes=[way[::-1] if is_back else way for way, is_back in zip(ways, backwards, strict=True)],
        labels=[_box(chain[-2]) if link.label.width else None for chain, link in zip(chains, links, strict=True)],
        width=round(max(item.middle + item.width / 2 for row in rows for item in row) + 0.5),
        height=height,
    )


def _to_the_left(rows: Sequence[Sequence[Item]]) -> None:
    """
    Count from the left end of all, in whole pixels.
    """
    left = min(item.middle - item.width / 2 for row in rows for item in row)
    for row in rows:
        for item in row:
            item.middle = round(item.middle - item.width / 2 - left) + item.width / 2


def _box(item: Item) -> Box:
    return Box(round(item.middle - item.width / 2), item.top, item.width, item.height)


def _chains(items: Mapping[str, Item], links: Sequence[Link]) -> list[list[Item]]:
    """
    What each arrow passes, from its upper end to its lower one; its label is just above the lower one. There are places in rows
    of boxes (even numbers), and between two of them (odd ones) where any arrow has a label.
    """
    ends = [sorted((items[link.source], items[link.target]), key=lambda item: item.row) for link in links]
    labelled = {lower.row - 1 for (_, lower), link in zip(ends, links, strict=True) if link.label.width}
    chains = []
    for (upper, lower), link in zip(ends, links, strict=True):
        places = [Item(0, 0, row) for row in range(upper.row + 1, lower.row) if row % 2 == 0 or row in labelled]
        if link.label.width:
            places[-1].width, places[-1].height = link.label.width, link.label.height
        chains.append([upper, *places, lower])
        for first, second in pairwise(chains[-1]):
            first.below.append(second)
            second.above.append(first)
    return chains


def _filled(items: Sequence[Item]) -> list[list[Item]]:
    rows: dict[int, list[Item]] = defaultdict(list)
    for item in items:
        rows[item.row].append(item)
    return [rows[row] for row in sorted(rows)]
