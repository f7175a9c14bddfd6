"""
Which row each box is in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ops.diagrams.items import GAP, Link, Size


def in_order(names: Sequence[str], links: Sequence[Link]) -> dict[str, int]:
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


def rows(sizes: Mapping[str, Size], links: Sequence[Link], order: Mapping[str, int], limit: int) -> dict[str, int]:
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
