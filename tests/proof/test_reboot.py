"""
A server restarts while another one has its containers and visitors: these hardly lose anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from benchmarks.load import Mix, under_load
from ops.progress import say
from tests.e2e.conftest import Fleet, fleet
from tests.e2e.targets import Target
from tests.e2e.test_growth import nodes, places, set_count

__all__ = ["fleet"]

LOST_SHARE = 0.02


@pytest.fixture
def grown(fleet: Fleet) -> Iterator[Fleet]:
    """Two servers that run containers, behind a load balancer; the fleet goes with them."""
    set_count(fleet, 1, 2)
    fleet.run("flotilla apply -s local --approve critical --reason grow")
    assert nodes(fleet) == dict.fromkeys(("app-1", "app-2"), "Ready Active")
    yield fleet


def test_a_server_restarts_and_hardly_anybody_notices(grown: Fleet) -> None:
    """
    The load balancer leaves it out first, then its containers start on the other one; afterwards all is as before. Once, 84 of
    12,031 requests were lost, 83 of them within an instant, while Caddy closed its connections: why is not known yet.
    """
    target = Target(grown)
    target.write()
    target.serve("v1")
    with under_load(target.site(), Mix(kept_per_s=40, keepers=20, new_per_s=20, slow_per_s=1)) as tally:
        answer = grown.run("flotilla host reboot app-2 -s local --approve important --reason test --json")
    report = json.loads(answer.stdout)
    say(f"  {report['what']}: back after {report['facts']['back_after_s']} s; {tally.line()}")

    done = {row["name"]: row["status"] for row in report["steps"]}
    assert report["status"] == "done", report["steps"]
    assert done["send app-2 no more requests"] == done["move containers off app-2"] == "done"
    assert nodes(grown) == dict.fromkeys(("app-1", "app-2"), "Ready Active")
    assert places(grown, "caddy") == places(grown, "haproxy") == {"app-1", "app-2"}
    assert report["facts"]["downtime"] == ""
    assert set(tally.marks) == {"v1"}
    assert tally.lost_count <= tally.sent * LOST_SHARE, tally.losses
    refreshed = grown.run("pulumi preview -s local --refresh --json --non-interactive")
    assert [step for step in json.loads(refreshed.stdout)["steps"] if step["op"] not in ("same", "refresh")] == []
