"""
Installing Debian packages on this machine: only as root, only with apt, only what the sandbox cannot do without.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ops.errors import FlotillaError, MissingToolError
from ops.progress import step

QUIET = {"DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_MODE": "l"}


def install(names: Sequence[str], log: Path, because: str) -> None:
    """
    Install packages; the package lists are fetched only when the first try does not find everything.

    Raises: MissingToolError where this user or system cannot; FlotillaError when apt fails.
    """
    wanted = " ".join(names)
    if shutil.which("apt-get") is None:
        raise MissingToolError(
            f"{wanted}: {because}, and this system has no apt-get to install it with. The sandbox was not started. "
            f"Install {wanted} with your system's package manager, then run the command again."
        )
    if os.geteuid() != 0:
        raise MissingToolError(
            f"{wanted}: {because}, and only root can install it. The sandbox was not started. "
            f"Run `sudo apt-get install {wanted}`, then run the command again."
        )
    with step(f"install {wanted} with apt-get"):
        if _apt(["install", "-y", "--no-install-recommends", *names], log) == 0:
            return
        if _apt(["update"], log) == 0 and _apt(["install", "-y", "--no-install-recommends", *names], log) == 0:
            return
    raise FlotillaError(
        f"apt-get: could not install {wanted}. The sandbox was not started. Read {log}, mend the package sources, "
        f"then run the command again."
    )


def _apt(arguments: Sequence[str], log: Path) -> int:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as output:
        return subprocess.run(
            ["apt-get", "-q", *arguments],
            env=os.environ | QUIET,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ).returncode
