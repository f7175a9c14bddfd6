"""
The log: one JSON object per line on standard output, so that nothing a client sends can forge a line.
"""

from __future__ import annotations

import json
import sys


def log(event: str, **facts: object) -> None:
    """
    Write one line. Never call it with a secret.
    """
    sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stdout.flush()
