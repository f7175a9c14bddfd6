"""
What becomes of a canary, from what was measured since its step began. Pure: golden cases in tests/cases/canary/.

What is not known never promotes anything: without metrics a canary stays where it is until its time is up, and then a person
decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from settings.canary import Canary, Quiet

# So that one unlucky request among few is no verdict.
FAILURES_MINIMUM = 3
# So many failures say enough before there were enough requests.
FAILURES_PLENTY = 10
# Of the release beside it; with fewer there is nothing to compare with.
COMPARED_MINIMUM = 30
# HAProxy's averages are whole milliseconds: between fast releases a ratio alone says nothing.
LATENCY_FLOOR_MS = 20.0
# HAProxy sees a container that comes back within a second or two.
DOWN_S = 5.0


class Verdict(StrEnum):
    """
    Keep looking, take the next share, leave it to a person, or take it back.
    """

    WAIT = "wait"
    GO_ON = "go on"
    HOLD = "hold"
    ABORT = "abort"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """
    One release since the step began. `latency_ms` None: not known. `down_s`: for how long none of its containers was up.
    """

    requests: int
    failures: int
    latency_ms: float | None
    down_s: float = 0.0

    @property
    def error_percent(self) -> float:
        """
        How many of 100 requests failed.
        """
        return 100 * self.failures / self.requests if self.requests else 0.0


@dataclass(frozen=True, kw_only=True)
class Situation:
    """
    A step so far. `unknown` says why the metrics are not known; the two releases are None then.
    """

    elapsed_s: float
    canary: Measured | None = None
    stable: Measured | None = None
    unknown: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """
    The verdict with its reason, one sentence without a full stop.
    """

    verdict: Verdict
    reason: str


def decide(situation: Situation, policy: Canary) -> Decision:
    """
    What to do now.
    """
    is_over = situation.elapsed_s >= policy.max_step_s
    canary, stable = situation.canary, situation.stable
    if canary is None or stable is None:
        return _later(is_over, Verdict.HOLD, f"its metrics are unknown: {situation.unknown}")
    return (
        _down(canary)
        or _too_many_errors(canary, stable, policy)
        or _too_few(canary, stable, policy, is_over)
        or _too_slow(canary, stable, policy, is_over)
        or Decision(verdict=Verdict.GO_ON, reason=compared(canary, stable))
    )


def compared(canary: Measured, stable: Measured) -> str:
    """
    Both releases in one line.
    """
    return f"canary {_words(canary)}; stable {_words(stable)}"


def _words(seen: Measured) -> str:
    latency = "latency unknown" if seen.latency_ms is None else f"{seen.latency_ms:.0f} ms"
    return f"{seen.requests} requests, {seen.failures} failed ({seen.error_percent:.1f} %), {latency}"


def _later(is_over: bool, then: Verdict, reason: str) -> Decision:
    return Decision(verdict=then if is_over else Verdict.WAIT, reason=reason)


def _down(canary: Measured) -> Decision | None:
    if canary.down_s < DOWN_S:
        return None
    return Decision(verdict=Verdict.ABORT, reason=f"none of its containers was up behind HAProxy for {canary.down_s:.0f} s")


def _too_many_errors(canary: Measured, stable: Measured, policy: Canary) -> Decision | None:
    more = canary.error_percent - stable.error_percent
    is_sure = canary.requests >= policy.min_requests or canary.failures >= FAILURES_PLENTY
    if more <= policy.max_error_points or canary.failures < FAILURES_MINIMUM or not is_sure:
        return None
    reason = f"errors: {more:.1f} points more than the stable release, at most {policy.max_error_points:g} are allowed"
    return Decision(verdict=Verdict.ABORT, reason=f"{reason} ({compared(canary, stable)})")


def _too_few(canary: Measured, stable: Measured, policy: Canary, is_over: bool) -> Decision | None:
    then = Verdict.ABORT if policy.when_quiet is Quiet.ABORT else Verdict.HOLD
    if canary.requests < policy.min_requests:
        return _later(is_over, then, f"too few requests: {canary.requests} of {policy.min_requests}")
    if stable.requests < COMPARED_MINIMUM:
        return _later(is_over, then, f"too few requests to the stable release: {stable.requests} of {COMPARED_MINIMUM}")
    return None


def _too_slow(canary: Measured, stable: Measured, policy: Canary, is_over: bool) -> Decision | None:
    if canary.latency_ms is None or stable.latency_ms is None:
        return _later(is_over, Verdict.HOLD, f"its latency is unknown ({compared(canary, stable)})")
    allowed_ms = max(policy.max_latency_ratio * stable.latency_ms, stable.latency_ms + LATENCY_FLOOR_MS)
    if canary.latency_ms <= allowed_ms:
        return None
    reason = f"latency: {canary.latency_ms:.0f} ms on average, at most {allowed_ms:.0f} ms are allowed"
    return Decision(verdict=Verdict.ABORT, reason=f"{reason} ({compared(canary, stable)})")
