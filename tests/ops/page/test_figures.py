"""
Plots: what they draw of values, and where they break.
"""

from __future__ import annotations

import re

import pytest

from ops.page import figures

HOUR_S = 3600


@pytest.mark.parametrize(
    ("points", "wanted"),
    [
        ([], []),
        ([(0, None)], []),
        ([(1, 1.0), (0, 2.0)], [[(0, 2.0), (1, 1.0)]]),
        ([(0, 1.0), (1, None), (2, 3.0)], [[(0, 1.0)], [(2, 3.0)]]),
        ([(0, 1.0), (6 * HOUR_S, 2.0), (18 * HOUR_S, 3.0)], [[(0, 1.0), (6 * HOUR_S, 2.0)], [(18 * HOUR_S, 3.0)]]),
    ],
)
def test_a_line_is_broken_where_something_is_missing(
    points: list[tuple[float, float | None]], wanted: list[list[tuple[float, float]]]
) -> None:
    """A value that was not known, and a run that did not come: no line is drawn across."""
    assert figures.unbroken(points) == wanted


def test_a_bar_is_as_long_as_its_share() -> None:
    """Of the whole, and never longer than it."""
    lengths = [float(re.findall(r'width="([\d.]+)"', figures.bar(value, 1.0, "said"))[1]) for value in (0.0, 0.25, 1.0, 7.0)]
    assert lengths == [1, 50, 200, 200]


def test_an_unknown_value_is_no_bar() -> None:
    """Not even an empty one."""
    drawn = figures.bar(None, 1.0, "unknown: <refused>")
    assert 'class="unknown"' in drawn and "track" not in drawn
    assert "<title>unknown: &lt;refused&gt;</title>" in drawn


def test_a_line_goes_from_the_left_to_the_right_and_up() -> None:
    """Time is across, the largest value on top."""
    drawn = figures.line([(0, 0.0), (50, 1.0), (100, 2.0)], 0, 100, "said")
    assert re.findall(r'points="([^"]+)"', drawn) == ["0.0,21.0 100.0,12.0 200.0,3.0"]
