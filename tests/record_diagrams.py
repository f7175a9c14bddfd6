"""
Write the pictures of the sample fleet anew after a change that is wanted, to be looked at: `python -m tests.record_diagrams`.
"""

from __future__ import annotations

from functools import cache

from ops.diagrams.comparison import comparison
from ops.diagrams.drawings import drawings
from ops.diagrams.graph import Drawing
from ops.diagrams.mermaid import mermaid
from ops.diagrams.speech import Speech
from ops.diagrams.svg import svg
from tests.conftest import ROOT
from tests.diagram_fleets import committed

CASES = ROOT / "tests" / "cases" / "diagrams"


@cache
def production() -> tuple[Drawing, ...]:
    """
    All of production, before it is brought up, and beside staging.
    """
    settings = committed("production")
    return (*drawings(settings, None), comparison(committed("staging"), settings, Speech("en")))


def main() -> None:
    """
    Replace what is recorded.
    """
    CASES.mkdir(exist_ok=True)
    for path in CASES.iterdir():
        path.unlink()
    for drawing in production():
        (CASES / f"{drawing.name}.svg").write_text(svg(drawing), encoding="utf-8")
        (CASES / f"{drawing.name}.mmd").write_text(mermaid(drawing.graph), encoding="utf-8")


if __name__ == "__main__":
    main()
