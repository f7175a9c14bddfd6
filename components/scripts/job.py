"""
Have a project's job on this server: what it runs, the program that runs it, and the timer that starts it.

Reads one JSON object from standard input: `name`, `job` (what run_job.py reads), `runner` (its text), `service` and `timer`
(the units' texts). Needs nothing but Python 3.9's standard library.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

JOBS = Path("/etc/flotilla/jobs")
RUNNER = Path("/usr/local/lib/flotilla/run_job.py")
UNITS = Path("/etc/systemd/system")


def put(path: Path, text: str, mode: int) -> None:
    """
    Have a file with this content, at once; also where another project's step has the same one just now.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    new.touch(mode=mode)
    new.chmod(mode)
    new.write_text(text)
    new.replace(path)


def main(request: dict[str, str]) -> None:
    unit = f"flotilla-job-{request['name']}"
    put(RUNNER, request["runner"], 0o755)
    put(JOBS / f"{request['name']}.json", request["job"], 0o600)
    put(UNITS / f"{unit}.service", request["service"], 0o644)
    put(UNITS / f"{unit}.timer", request["timer"], 0o644)
    for command in (["daemon-reload"], ["enable", "--quiet", f"{unit}.timer"], ["restart", f"{unit}.timer"]):
        subprocess.run(["systemctl", *command], check=True)


if __name__ == "__main__":
    main(json.load(sys.stdin))
