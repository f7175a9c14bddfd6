"""
`make up`, warm and cold.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.measure import ROOT, Figure, seconds


def up_warm_s() -> Figure:
    """
    The second `make up` in this checkout: everything is there, the engine finds nothing to change.
    """
    seconds("make up")
    return Figure(name="up_warm_s", value=seconds("make up"), unit="s", bar=120, compared_with="-", runs=1)


def up_cold_s() -> Figure:
    """
    `make up` in a fresh clone with an empty cache folder and none of this project's images; needs 6 GB of disk.
    """
    images = subprocess.run(
        ["docker", "image", "ls", "--filter", "label=flotilla.image", "-q"], capture_output=True, text=True, check=False
    ).stdout.split()
    if images:
        subprocess.run(["docker", "image", "rm", "--force", *sorted(set(images))], capture_output=True, check=False)
    with tempfile.TemporaryDirectory() as folder:
        checkout, cache = Path(folder) / "flotilla", Path(folder) / "cache"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
        go = f"GOCACHE={cache}/go-build GOMODCACHE={cache}/go-mod GOFLAGS=-modcacherw"
        environment = f"env XDG_CACHE_HOME={cache} {go} PIP_NO_CACHE_DIR=1"
        try:
            elapsed = seconds(f"{environment} make up", cwd=checkout)
        finally:
            seconds("make clean", cwd=checkout)
            shutil.rmtree(cache, ignore_errors=True)
    cores = os.cpu_count()
    return Figure(name="up_cold_s", value=elapsed, unit="s", bar=None, compared_with=f"- ({cores} cores)", runs=1)
