"""
The program as one text: for the standard input of `python3 -`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hosts.probe import script as probe

# In the order in which they import each other.
MODULES = ("survey", "program")


def script(asked: Mapping[str, Any]) -> str:
    """
    What one server is asked.
    """
    folder = Path(__file__).parent
    own = {f"hosts.cleaning.{name}": (folder / f"{name}.py").read_text(encoding="utf-8") for name in MODULES}
    return probe.program(own, "hosts.cleaning.program", dict(asked))
