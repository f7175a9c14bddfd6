"""
What a preview costs as the fleet grows, and what the policy packs add; offline, on an empty state (sandbox/preview.py).
"""

from __future__ import annotations

import functools
import resource
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.generated import STACK, lay
from benchmarks.measure import ROOT, Figure
from sandbox.preview import Result, preview

SIZES = (200, 1000, 1500)
RUNS = 3
PACKS = (ROOT / "policies" / "security", ROOT / "policies" / "compliance")
POLICY_VIOLATION = 4  # a generated fleet is not a model one; judging it takes as long


def preview_ms_per_resource() -> Figure:
    """
    Milliseconds for each resource more, from the smallest to the largest of the generated fleets.
    """
    taken = [_timed(size) for size in SIZES]
    (fewest, quickest), (most, slowest) = taken[0], taken[-1]
    shown = ", ".join(f"{seconds:.1f} s for {count}" for count, seconds in taken)
    value = (slowest - quickest) * 1000 / (most - fewest)
    return Figure(name="preview_ms_per_resource", value=value, unit="ms", bar=6.0, compared_with=f"- ({shown})", runs=RUNS)


def preview_memory_mb() -> Figure:
    """
    Resident memory of the largest process of a preview of 1,500 resources.
    """
    count, _ = _timed(SIZES[-1])
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Figure(
        name="preview_memory_mb", value=megabytes, unit="MB", bar=None, compared_with=f"- ({count} resources)", runs=1
    )


def policy_added_s() -> Figure:
    """
    Seconds that both packs add to a preview of the sample fleet.
    """
    value = _added(ROOT, "production")
    return Figure(name="policy_added_s", value=value, unit="s", bar=1.0, compared_with="production without packs", runs=RUNS)


def policy_added_1000_s() -> Figure:
    """
    Seconds that both packs add to a preview of 1,000 resources.
    """
    with tempfile.TemporaryDirectory() as folder:
        value = _added(lay(Path(folder), 1000), STACK)
    return Figure(
        name="policy_added_1000_s", value=value, unit="s", bar=3.0, compared_with="1,000 resources without packs", runs=RUNS
    )


@functools.cache
def _timed(size: int) -> tuple[int, float]:
    """
    The number of resources and the median of the engine's seconds.
    """
    with tempfile.TemporaryDirectory() as folder:
        root = lay(Path(folder), size)
        results = [_run(root, STACK) for _ in range(RUNS)]
    return len(results[0].steps), statistics.median(result.seconds for result in results)


def _added(root: Path, stack: str) -> float:
    """
    The median of the differences of pairs taken in turn, after one warm-up of each.
    """
    _run(root, stack), _run(root, stack, PACKS)
    return statistics.median(_run(root, stack, PACKS).seconds - _run(root, stack).seconds for _ in range(RUNS))


def _run(root: Path, stack: str, packs: Sequence[Path] = ()) -> Result:
    result = preview(stack, root=root, packs=packs)
    if result.exit_code not in (0, POLICY_VIOLATION if packs else 0):
        raise SystemExit(f"{stack}: its preview failed. Nothing was recorded.\n{result.output[-3000:]}")
    return result
