"""
`kill -9` at 50 points spread over `flotilla apply`: the same command completes, nothing is there twice, nothing is left over.
"""

from __future__ import annotations

import os

from ops.progress import say
from tests.e2e.conftest import Fleet, fleet
from tests.killed_apply import EDITS, KEY, killed_and_repeated, run, turn

__all__ = ["fleet"]

POINTS = int(os.environ.get("KILL_POINTS", "50"))


def test_a_killed_apply_completes_when_it_is_repeated(fleet: Fleet) -> None:
    """Fifty points, half of the change being made and half of it being taken back; in turn `flotilla` alone, and all of it."""
    edits = (*EDITS, KEY)
    took: dict[bool, float] = {}
    for is_on in (True, False):
        turn(fleet, edits, is_on=is_on)
        took[is_on], _ = run(fleet)
    hits = 0
    for point in range(POINTS):
        is_on = point % 2 == 0
        turn(fleet, edits, is_on=is_on)
        after_s = took[is_on] * (point + 0.5) / POINTS
        was_running = killed_and_repeated(fleet, after_s, with_engine=point % 4 < 2)
        hits += was_running
        state = "running" if was_running else "was done"
        say(f"  point {point + 1} of {POINTS}: killed after {after_s:.1f} s ({state}), completed")
    # The last few may come when all is done: the machine is not always as fast.
    assert hits >= POINTS * 0.8
