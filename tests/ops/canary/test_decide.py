"""
What becomes of a canary: the golden cases of tests/cases/canary/, and what holds whatever was measured.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.canary.decide import Measured, Situation, Verdict, decide
from settings.canary import Canary

CASES = json.loads((Path(__file__).parents[2] / "cases/canary/decisions.json").read_text())


def measured(row: list[Any] | None, down_s: float = 0.0) -> Measured | None:
    if row is None:
        return None
    requests, failures, latency_ms = row
    return Measured(requests=requests, failures=failures, latency_ms=latency_ms, down_s=down_s)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    """Each situation has its verdict, and the reason says what decided."""
    situation = Situation(
        elapsed_s=case["elapsed_s"],
        canary=measured(case.get("canary"), case.get("down_s", 0)),
        stable=measured(case.get("stable")),
        unknown=case.get("unknown", ""),
    )

    decision = decide(situation, Canary.model_validate(case.get("policy", {})))

    assert decision.verdict == case["verdict"], decision.reason
    assert case.get("says", "") in decision.reason


COUNTS = st.tuples(st.integers(0, 5000), st.integers(0, 5000), st.none() | st.floats(0, 5000)).map(
    lambda row: [row[0], min(row[0], row[1]), row[2]]
)


@settings(deadline=None)
@given(st.none() | COUNTS, st.none() | COUNTS, st.floats(0, 2000))
def test_what_is_not_known_never_goes_on(canary: list[Any] | None, stable: list[Any] | None, elapsed_s: float) -> None:
    """Whoever goes on has had enough requests, and both latencies are known."""
    policy = Canary()

    decision = decide(Situation(elapsed_s=elapsed_s, canary=measured(canary), stable=measured(stable)), policy)

    if decision.verdict is Verdict.GO_ON:
        assert canary and stable
        assert canary[0] >= policy.min_requests
        assert None not in (canary[2], stable[2])


@settings(deadline=None)
@given(st.none() | COUNTS, st.none() | COUNTS)
def test_no_step_takes_longer_than_it_may(canary: list[Any] | None, stable: list[Any] | None) -> None:
    """Once the time is up, nothing is waited for."""
    decision = decide(Situation(elapsed_s=600, canary=measured(canary), stable=measured(stable)), Canary())

    assert decision.verdict is not Verdict.WAIT
