"""
Take a project's job away from this server. A run that is under way is stopped. Reads what job.py reads.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

if __name__ == "__main__":
    name = json.load(sys.stdin)["name"]
    unit = f"flotilla-job-{name}"
    subprocess.run(["systemctl", "disable", "--now", "--quiet", f"{unit}.timer"], check=False)
    subprocess.run(["systemctl", "stop", f"{unit}.service"], check=False)
    for path in (f"/etc/systemd/system/{unit}.timer", f"/etc/systemd/system/{unit}.service", f"/etc/flotilla/jobs/{name}.json"):
        Path(path).unlink(missing_ok=True)
    subprocess.run(["systemctl", "daemon-reload"], check=True)
    subprocess.run(["systemctl", "reset-failed", f"{unit}.service"], stderr=subprocess.DEVNULL, check=False)
