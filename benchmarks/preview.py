"""
`pulumi preview` of the sample fleet against an empty Python program, in turn on the same engine.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import ROOT, Figure, paired_ratio, seconds

RUNS = 5
EMPTY_PROJECT = """\
name: empty
runtime:
  name: python
  options: {{toolchain: pip, virtualenv: {virtualenv}}}
"""


def preview_ratio() -> Figure:
    """
    Warm previews of stack `local`, which must be up (`make up`), against a program with no line in it.
    """
    with tempfile.TemporaryDirectory() as folder:
        empty = Path(folder)
        (empty / "Pulumi.yaml").write_text(EMPTY_PROJECT.format(virtualenv=ROOT / ".venv"))
        (empty / "__main__.py").write_text("")
        seconds(f". ./env.sh && export PULUMI_BACKEND_URL=file://{empty} && cd {empty} && pulumi stack init local")
        ratio = paired_ratio(
            lambda: seconds(". ./env.sh && pulumi preview -s local"),
            lambda: seconds(f". ./env.sh && export PULUMI_BACKEND_URL=file://{empty} && cd {empty} && pulumi preview -s local"),
            runs=RUNS,
        )
    return Figure(name="preview_ratio", value=ratio, unit="x", bar=2.0, compared_with="an empty Python program", runs=RUNS)
