"""
Take a process' backend out of HAProxy's files. A running HAProxy forgets it with its next reload; nobody asks for it till then.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

CONFIGURATION = Path("/etc/flotilla/haproxy")

if __name__ == "__main__":
    (CONFIGURATION / f"{json.load(sys.stdin)['backend']}.cfg").unlink(missing_ok=True)
