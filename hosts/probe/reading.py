"""
How the probe reads: commands with a time limit, and small files.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

COMMAND_TIMEOUT_S = 5.0
LONGEST_TEXT = 4_000_000


class UnreadableError(Exception):
    """
    Something could not be looked at; the text says why, without what was read.
    """


def is_container() -> bool:
    """
    Whether the machine is one, as the sandbox's are: it shares the kernel and the clock of the computer that it runs on.
    """
    return any(os.path.exists(path) for path in ("/.dockerenv", "/run/systemd/container"))  # noqa: PTH110


def run(*command: str, timeout_s: float = COMMAND_TIMEOUT_S, stdin: str = "", accepted: tuple[int, ...] = (0,)) -> str:
    """
    What a command prints.

    Raises: UnreadableError where it is not there, takes too long, or ends with an exit code that is not `accepted`.
    """
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            cwd="/",
            errors="replace",
            timeout=timeout_s,
            env=environment,
            check=False,
        )
    except FileNotFoundError:
        raise UnreadableError(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise UnreadableError(f"{command[0]} did not end within {timeout_s:g} s") from None
    if done.returncode not in accepted:
        said = " ".join(done.stderr.split())[:200]
        raise UnreadableError(f"{command[0]} ended with {done.returncode}: {said}")
    return done.stdout[:LONGEST_TEXT]


def text_of(path: str | Path) -> str:
    """
    A file's text, at most some megabytes of it.
    """
    with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - one way for files of /proc too
        return file.read(LONGEST_TEXT)


def lines_of(path: str | Path) -> list[str]:
    """
    A file's lines; none where there is no such file.
    """
    try:
        return text_of(path).splitlines()
    except FileNotFoundError:
        return []


def is_active(unit: str) -> bool:
    """
    Whether systemd says that a unit runs.
    """
    return run("systemctl", "is-active", unit, accepted=(0, 1, 3, 4)).strip() == "active"


def entries(folder: str, suffix: str = "") -> list[Path]:
    """
    The files in a folder whose names end so, by name; none where there is no such folder.
    """
    try:
        return sorted(Path(folder, name) for name in os.listdir(folder) if name.endswith(suffix))  # noqa: PTH208
    except FileNotFoundError:
        return []
