"""
One step of an automatic canary, looked at again and again: real counters in, one decision out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import pytest

from ops.canary import automatic
from ops.canary.automatic import Watch
from ops.canary.decide import Verdict
from ops.canary.traffic import Seen
from settings.canary import Canary
from tests.ops.canary.test_traffic import place, seen

Looks = Iterator[tuple[Mapping[str, Seen], str]]
UNKNOWN: tuple[Mapping[str, Seen], str] = ({}, "app-1: no answer within 15 s")


def look(stable: int, canary: int, failed: int = 0, *, uptime_s: int, status: str = "UP") -> tuple[Mapping[str, Seen], str]:
    return {"app-1": seen(place("a1", stable), place("b1", canary, failed, status=status), uptime_s=uptime_s)}, ""


def watch(looks: Looks, **policy: object) -> Watch:
    """With a clock that is two seconds later each time that it is read."""
    clock = map(float, itertools.count(0, 2))
    return Watch(
        policy=Canary.model_validate(policy),
        canary="b",
        stable="a",
        look=lambda: next(looks),
        clock=lambda: next(clock),
    )


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automatic, "POLL_S", 0.0)


def test_it_waits_until_there_were_enough_requests() -> None:
    """Three looks of which only the last has them; what came before the first does not count."""
    looks = iter([look(5000, 9000, 900, uptime_s=1), look(5900, 9100, 900, uptime_s=2), look(6800, 9200, 900, uptime_s=3)])

    decision = watch(looks).until_decided(lambda: True)

    assert decision.verdict is Verdict.GO_ON
    assert "canary 200 requests, 0 failed" in decision.reason


def test_it_gives_up_on_errors() -> None:
    """Five percent."""
    looks = iter([look(0, 0, uptime_s=1), look(1800, 190, 10, uptime_s=2)])

    decision = watch(looks).until_decided(lambda: True)

    assert (decision.verdict, "errors: 5.0 points" in decision.reason) == (Verdict.ABORT, True)


def test_a_look_that_fails_is_waited_over_and_loses_nothing() -> None:
    """What is counted goes on where it was."""
    looks = iter([look(0, 0, uptime_s=1), look(900, 100, uptime_s=2), UNKNOWN, look(1800, 200, uptime_s=4)])

    decision = watch(looks).until_decided(lambda: True)

    assert (decision.verdict, "canary 200 requests" in decision.reason) == (Verdict.GO_ON, True)


def test_unknown_to_the_end_is_left_to_a_person() -> None:
    """With enough requests seen before: what is not known now is not known."""
    looks = iter([look(0, 0, uptime_s=1), *[UNKNOWN] * 50])

    decision = watch(looks, max_step_s=60).until_decided(lambda: True)

    assert (decision.verdict, "app-1: no answer within 15 s" in decision.reason) == (Verdict.HOLD, True)


def test_a_canary_whose_containers_stay_down_is_taken_back() -> None:
    """HAProxy sends nothing to it any more, so no request would ever say so."""
    looks = iter([look(0, 0, uptime_s=1), *[look(90, 10, uptime_s=number, status="DOWN") for number in range(2, 20)]])

    decision = watch(looks).until_decided(lambda: True)

    assert (decision.verdict, "none of its containers was up" in decision.reason) == (Verdict.ABORT, True)


def test_one_that_somebody_else_has_changed_is_left_alone() -> None:
    """A person's word counts more."""
    looks = iter([look(0, 0, uptime_s=1)])

    decision = watch(looks).until_decided(lambda: False)

    assert (decision.verdict, "somebody else" in decision.reason) == (Verdict.HOLD, True)
