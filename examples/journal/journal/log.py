"""
The log: one JSON object per line on standard output, so that nothing a client sends can forge a line.
"""

from __future__ import annotations

import json
import sys


def log(event: str, **facts: str | float) -> None:
    """
    Write one line.
    """
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()
