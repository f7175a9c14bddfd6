"""
`flotilla docs` once outputs are known: of the sample fleet, of thirty and of two hundred projects; the same bytes twice.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.generated import FOUNDATION, PER_PROJECT, STACK, lay
from benchmarks.measure import ROOT, Figure

RUNS = 5
# Processor time, which other work on the machine does not change; without the interpreter's start, with what is imported.
PROGRAM = """\
import sys, time
from pathlib import Path
started = time.process_time()
from ops.dossier import dossier
from ops.dossier.collect import Sources
root, stack, out = Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])
dossier.write(dossier.make(root, stack, out, Sources(is_declared=True), with_html=True))
print(time.process_time() - started)
"""


def docs_s() -> Figure:
    """
    Production as it is committed: four servers, three projects.
    """
    value, size = _median(ROOT, "production")
    return Figure(name="docs_s", value=value, unit="s", bar=1.0, compared_with=f"3 projects: {size}", runs=RUNS)


def docs_30_s() -> Figure:
    """
    Thirty projects, a page for each.
    """
    return _of(30)


def docs_200_s() -> Figure:
    """
    Two hundred projects, a page for each.
    """
    return _of(200)


def _of(projects: int) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        value, size = _median(lay(Path(folder), FOUNDATION + PER_PROJECT * projects), STACK)
    name = f"docs_{projects}_s"
    return Figure(name=name, value=value, unit="s", bar=None, compared_with=f"{projects} projects: {size}", runs=RUNS)


def _median(root: Path, stack: str) -> tuple[float, str]:
    """
    The median of runs in processes of their own, in seconds, and how much they wrote.

    Raises: SystemExit where two of them did not write the same bytes.
    """
    times, written = [], []
    for run in range(RUNS):
        with tempfile.TemporaryDirectory() as out:
            known = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(run)}
            command = [sys.executable, "-c", PROGRAM, str(root), stack, f"{out}/dossier"]
            answer = subprocess.run(command, cwd=ROOT, env=known, capture_output=True, text=True, check=True)
            times.append(float(answer.stdout))
            files = sorted(path for path in Path(out).rglob("*") if path.is_file())
            written.append({str(path.relative_to(out)): path.read_bytes().replace(out.encode(), b"") for path in files})
    if any(other != written[0] for other in written):
        raise SystemExit(
            f"docs of {stack}: two runs wrote different bytes. Nothing was recorded. Compare two runs with `diff -r`."
        )
    size = sum(map(len, written[0].values()))
    return statistics.median(times), f"{len(written[0])} files, {size / 1e6:.1f} MB"
