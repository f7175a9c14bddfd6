"""
Run a project's migration once, now, and say how it ended: with the exit code of `run_job.py`.

Reads one JSON object from standard input: `name`, `job` (what run_job.py reads), `runner` (its text), and `timeout_s`. One that
still runs, from an update that was interrupted, is waited for. Needs nothing but Python 3.9's standard library.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

JOBS = Path("/etc/flotilla/jobs")
RUNNER = Path("/usr/local/lib/flotilla/run_job.py")
LOCKS = Path("/run/flotilla/jobs")
STILL_RUNS = 75
PAUSE_S = 2


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


def main(request: dict[str, str]) -> int:
    until = time.monotonic() + float(request["timeout_s"])
    LOCKS.mkdir(parents=True, exist_ok=True)
    # Held while the description is there: it has the same name for every release.
    with (LOCKS / f"{request['name']}.step").open("w") as lock:
        while not taken(lock):
            if time.monotonic() > until:
                return STILL_RUNS
            time.sleep(PAUSE_S)
        return run(request, until)


def taken(lock: IO[str]) -> bool:
    """
    Whether this step is the only one now.
    """
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def run(request: dict[str, str], until: float) -> int:
    """
    The exit code of the migration, once nothing of an earlier one runs any more.
    """
    job = JOBS / f"{request['name']}.json"
    put(RUNNER, request["runner"], 0o755)
    put(job, request["job"], 0o600)
    try:
        while True:
            code = subprocess.run([sys.executable, str(RUNNER), request["name"]], check=False).returncode
            if code != STILL_RUNS or time.monotonic() > until:
                return code
            time.sleep(PAUSE_S)
    finally:
        job.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(json.load(sys.stdin)))
