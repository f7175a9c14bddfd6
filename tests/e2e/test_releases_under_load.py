"""
Releases under load through the ingress: a small sample of what tests/proof and the bench do in full.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.load import Mix, under_load
from benchmarks.zero_downtime import canary_share, released_under_load
from tests.e2e.conftest import Fleet
from tests.e2e.targets import Target

MIX = Mix(kept_per_s=60, keepers=12, new_per_s=20, slow_per_s=1)
SETTINGS: dict[str, Any] = {"steps": [10, 25, 50], "min_requests": 200, "max_step_s": 180}
QUICK = Mix(kept_per_s=60, keepers=12, new_per_s=20, slow_per_s=0)


@pytest.fixture(scope="module")
def target(fleet: Fleet) -> Iterator[Target]:
    """An application whose first release serves; gone afterwards."""
    made = Target(fleet)
    made.write(**SETTINGS)
    for release in ("v2", "v3"):
        made.build(release)
    made.serve("v1")
    yield made
    made.file.unlink()
    fleet.run("flotilla sandbox publish")
    fleet.up()


def test_two_deployments_and_two_rollbacks_lose_nothing(target: Target) -> None:
    """Kept and new connections and requests of five seconds, all answered."""
    tally = released_under_load(target, 2, MIX)

    assert tally.lost_count == 0, tally.losses
    assert min(tally.sorts[sort] for sort in ("kept", "new", "slow")) > 10


def test_a_canary_gets_its_share(target: Target) -> None:
    """Within two points over two thousand requests; afterwards the stable release serves alone."""
    before = target.serving()

    assert canary_share(target, 10) == pytest.approx(10, abs=2)
    assert target.serving() == before


def test_while_a_canary_is_on_nothing_else_is_released(target: Target) -> None:
    """Exit code 3; it goes up by its steps, and promoted it serves alone, with the way back to what served before."""
    target.flotilla("canary start", "--image", ":v2")
    assert target.flotilla("deploy", "--image", ":v3", check=False).returncode == 3
    assert target.flotilla("canary start", "--image", ":v3", check=False).returncode == 3
    assert sorted(target.serving().values()) == [10, 90]
    target.flotilla("canary step")
    assert sorted(target.serving().values()) == [25, 75]
    status = json.loads(target.fleet.run("flotilla canary status --json").stdout)
    assert [(row["project"], row["weight"]) for row in status["canaries"]] == [("target", 25)]

    target.flotilla("canary promote")

    assert list(target.serving().values()) == [100]
    target.flotilla("rollback")
    assert not [step for step in target.fleet.preview() if "target" in step["urn"].rpartition("::")[2]]


def test_a_canary_that_fails_five_percent_is_taken_back_by_itself(target: Target) -> None:
    """Within its second step, with the reason in the report, and the stable release serves alone as before."""
    target.build("bad", errors_percent=5)
    before = target.serving()

    with under_load(target.site(), QUICK) as tally:
        result = target.flotilla("canary start", "--image", ":bad", "--auto", check=False)

    assert result.returncode == 1, result.stdout + result.stderr
    assert "taken back at" in result.stderr
    assert "errors:" in result.stderr
    assert target.serving() == before
    assert set(tally.lost) == {"status 500"}, tally.losses
    newest = max((target.fleet.checkout / "reports/operations").glob("*canary-abort*.json"))
    report = json.loads(newest.read_text())
    assert 1 <= len(report["facts"]["watched"]) <= 2, report["facts"]
    assert "errors:" in report["critical"][0]


def test_a_project_may_say_that_each_release_is_tried_first(target: Target) -> None:
    """`deploy` goes through all steps, then the release gets everything; nothing is lost on the way."""
    target.write("canary", **SETTINGS)
    with under_load(target.site(), QUICK) as tally:
        result = target.flotilla("deploy", "--image", ":v2", "--json")

    report = json.loads(result.stdout)
    assert [row["weight"] for row in report["facts"]["watched"]] == [10, 25, 50]
    assert list(target.serving().values()) == [100]
    assert tally.lost_count == 0, tally.losses
