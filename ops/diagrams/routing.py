"""
The way of each arrow, from box to box.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from ops.diagrams.items import Item, Point
from ops.diagrams.placing import spread


def routes(chains: Sequence[Sequence[Item]], bottoms: Mapping[int, int]) -> list[list[Point]]:
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


def _ports(chains: Sequence[Sequence[Item]], *, is_above: bool, leaving: Mapping[int, float] | None = None) -> dict[int, float]:
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
