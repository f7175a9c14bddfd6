"""
What systemd says: units that failed.
"""

from __future__ import annotations

import json

from hosts.probe.reading import run


def units() -> list[dict[str, str]]:
    """
    The units that failed.
    """
    listed = json.loads(run("systemctl", "list-units", "--all", "--state=failed", "--output=json", "--no-pager"))
    return [{"name": row["unit"], "description": row["description"]} for row in listed]
