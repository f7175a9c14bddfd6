"""
The program as one text, together with the probe's, and what it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hosts.probe import script as probe

# In the order in which they import each other.
MODULES = ("logs", "surroundings", "program")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """
    What one server is asked: the containers of which project (None: all), and of which image labels beside; how many lines,
    since when (seconds since 1970); its exporters {job: URL}; Prometheus' URL where it runs there; whom it should reach
    [{name, address, port}], and which names it should resolve.
    """

    project: str | None
    since: int
    lines: int = 2000
    images: Sequence[str] = ()
    exporters: Mapping[str, str] = field(default_factory=dict)
    prometheus: str = ""
    peers: Sequence[Mapping[str, Any]] = ()
    names: Sequence[str] = ()


def script(asked: Asked) -> str:
    """
    The program that prints the document: for the standard input of `python3 -`.
    """
    folder = Path(__file__).parent
    own = {f"hosts.diagnosis.{name}": (folder / f"{name}.py").read_text(encoding="utf-8") for name in MODULES}
    return probe.program({**probe.sources(), **own}, "hosts.diagnosis.program", asdict(asked))
