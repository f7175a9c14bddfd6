"""
Two servers that run containers, on one fleet: one restarts while the other has its containers and visitors, and these lose
nothing; then the one that answers for the swarm is lost, and comes back by its page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from benchmarks.load import Mix, under_load
from ops.progress import say
from tests.e2e.conftest import Fleet, fleet
from tests.e2e.targets import Target
from tests.e2e.test_data import GUESTBOOK, LOSE, write
from tests.e2e.test_growth import JOURNAL, nodes, places, set_count
from tests.proof.visits import LEDGER, mark, page_of, subscribe, subscribers
from tests.rehearsal import at_a_terminal, took

__all__ = ["fleet"]


@pytest.fixture(scope="module")
def grown(fleet: Fleet) -> Iterator[Fleet]:
    """Both behind a load balancer; the fleet goes with them."""
    set_count(fleet, 1, 2)
    fleet.run("flotilla apply -s local --approve critical --reason grow")
    assert nodes(fleet) == dict.fromkeys(("app-1", "app-2"), "Ready Active")
    yield fleet


def test_a_server_restarts_and_nobody_notices(grown: Fleet) -> None:
    """
    The load balancer leaves it out first, then its containers start on the other one; afterwards all is as before.
    """
    target = Target(grown)
    target.write()
    target.serve("v1")
    grown.up()  # monitoring learns of the new project
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
    assert tally.lost_count == 0, tally.losses
    steps = json.loads(grown.run("pulumi preview -s local --refresh --json --non-interactive").stdout)["steps"]
    assert {
        (step["op"], step["urn"], str(step.get("diffReasons"))) for step in steps if step["op"] not in ("same", "refresh")
    } == set()


def test_the_swarms_manager_is_lost_beside_another_server(grown: Fleet, record_property: Callable[[str, object], None]) -> None:
    """
    Its machine is deleted at the cloud, its disk is left. The other server goes over to the new manager, every project runs
    again, on both where it did, and what visitors had left is there.
    """
    entry, address = mark(grown, "before-the-loss"), subscribe(grown)
    grown.run(LOSE.format(which="server.name == 'app-1'", with_disks=False))

    with at_a_terminal(grown.checkout) as person:
        done = person.follow("server-lost", without=("::app-2-server", "--volume"))

    assert nodes(grown) == dict.fromkeys(("app-1", "app-2"), "Ready Active")
    assert places(grown, "caddy") == places(grown, "haproxy") == places(grown, "journal-static") == {"app-1", "app-2"}
    assert entry in page_of(grown)
    assert address in subscribers(grown)
    write(grown, "visitors-can-write")
    assert all(grown.curl("-f", url).returncode == 0 for url in (GUESTBOOK, JOURNAL, LEDGER))
    assert grown.preview() == []
    took("server-lost", done, record_property)
