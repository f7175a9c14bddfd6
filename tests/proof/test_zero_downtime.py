"""
Releases under load, in full: the figures of the bench as tests.
"""

from __future__ import annotations

import pytest

from benchmarks import zero_downtime

FIGURES = (
    zero_downtime.lost_requests,
    zero_downtime.lost_requests_broken_image,
    zero_downtime.lost_requests_slow_starter,
    zero_downtime.lost_requests_failing_migration,
    zero_downtime.lost_requests_killed,
    zero_downtime.canary_error_points,
)


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.__name__)
def test_figure_holds(figure) -> None:
    """Nothing is lost while releases come and go, fail, start slowly, or are killed; a canary gets its share."""
    found = figure()

    assert found.holds, found.line()
