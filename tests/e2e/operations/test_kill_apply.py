"""
Three points of the fifty in tests/proof: `flotilla apply`, killed while it works, completes when it is repeated.
"""

from __future__ import annotations

import pytest

from tests.e2e.conftest import Fleet
from tests.killed_apply import EDITS, killed_and_repeated, run, turn


@pytest.fixture(scope="module")
def took_s(fleet: Fleet) -> float:
    """
    How long the change takes; it is in place afterwards.
    """
    turn(fleet, EDITS, is_on=True)
    seconds, said = run(fleet)
    assert "Apply" in said
    return seconds


@pytest.mark.parametrize(("point", "with_engine"), [(1, True), (2, False), (3, True)])
def test_a_killed_apply_completes_when_it_is_repeated(fleet: Fleet, took_s: float, point: int, with_engine: bool) -> None:
    """Early, in the middle, late; nothing is there twice, nothing is left over, and nothing is locked."""
    turn(fleet, EDITS, is_on=point % 2 == 0)

    assert killed_and_repeated(fleet, took_s * (0.15 + 0.2 * point), with_engine=with_engine)


def test_then_the_settings_are_as_before(fleet: Fleet) -> None:
    """The change was taken back at the last point."""
    assert fleet.run("flotilla plan -s local --json").stdout.count('"level": "info"') >= 1
    assert "subdomain: visitors" not in (fleet.checkout / "projects/guestbook.yaml").read_text()
