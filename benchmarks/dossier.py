"""
`flotilla docs` once outputs are known: of the sample fleet, and of two hundred projects; the same bytes twice.
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
PROJECTS = 200
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
    value = _median(ROOT, "production")
    return Figure(name="docs_s", value=value, unit="s", bar=1.0, compared_with="the bar alone", runs=RUNS)


def docs_200_s() -> Figure:
    """
    Two hundred projects, a page for each.
    """
    with tempfile.TemporaryDirectory() as folder:
        value = _median(lay(Path(folder), FOUNDATION + PER_PROJECT * PROJECTS), STACK)
    return Figure(name="docs_200_s", value=value, unit="s", bar=None, compared_with=f"{PROJECTS} projects", runs=RUNS)


def _median(root: Path, stack: str) -> float:
    """
    The median of runs in processes of their own.

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
    return statistics.median(times)
