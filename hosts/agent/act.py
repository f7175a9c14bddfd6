"""
Do one thing. Prints a JSON list of what was changed; on a failure exits with 1 and says why on standard error.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hosts.agent.shared import PENDING, call, run

# Unattended upgrades may be at work.
WAIT = ("-o", "DPkg::Lock::Timeout=300")
INSTALL = ("apt-get", "install", "-y", "-q", "--no-install-recommends", *WAIT)


class ActError(Exception):
    """
    It could not be done; the text says why.
    """


def must(argv: list[str]) -> None:
    """
    Run a command that has to succeed.
    """
    done = run(argv)
    if done.returncode != 0:
        words = " / ".join((done.stderr or done.stdout).strip().splitlines()[-8:]) or "nothing was said"
        raise ActError(f"{' '.join(argv)}: exit code {done.returncode}: {words}")


def file(data: dict[str, Any]) -> list[str]:
    """
    Write a file beside its place, have it judged, and put it there in one step.
    """
    path = Path(data["path"])
    if path.is_dir() and not path.is_symlink():
        raise ActError(f"{path} is a directory, and a file is wanted there")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    try:
        with os.fdopen(handle, "w", newline="") as stream:
            stream.write(data["content"])
            stream.flush()
            os.fsync(stream.fileno())
        shutil.chown(new, data["owner"], data["group"])
        Path(new).chmod(data["mode"])
        if data["check"]:
            must([part.replace("{new}", new) for part in data["check"]])
        Path(new).replace(path)
    finally:
        Path(new).unlink(missing_ok=True)
    return [f"{path} written"]


def directory(data: dict[str, Any]) -> list[str]:
    """
    Have a directory with its owner and mode.
    """
    path = Path(data["path"])
    path.mkdir(parents=True, exist_ok=True)
    shutil.chown(path, data["owner"], data["group"])
    path.chmod(data["mode"])
    return [f"{path} set up"]


def absent(data: dict[str, Any]) -> list[str]:
    """
    Remove a file, or an empty directory.
    """
    path = Path(data["path"])
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink(missing_ok=True)
    return [f"{path} removed"]


def packages(data: dict[str, Any]) -> list[str]:
    """
    Install packages; ask for the lists anew when they do not have them.
    """
    names = data["names"]
    if run([*INSTALL, "--simulate", "--", *names]).returncode != 0:
        must(["apt-get", "update", "-q", *WAIT])
    must([*INSTALL, "--", *names])
    return [f"{name} installed" for name in names]


def no_packages(data: dict[str, Any]) -> list[str]:
    """
    Remove packages with their configuration.
    """
    must(["apt-get", "purge", "-y", "-q", *WAIT, "--", *data["names"]])
    return [f"{name} removed" for name in data["names"]]


def systemctl(data: dict[str, Any]) -> list[str]:
    """
    Tell systemd, one verb after the other.
    """
    if data["reload"]:
        must(["systemctl", "daemon-reload"])
    for verb in data["verbs"]:
        must(["systemctl", verb, "--", data["unit"]])
    return [f"{data['unit']}: {verb}" for verb in data["verbs"]]


def program(data: dict[str, Any]) -> list[str]:
    """
    Run a program of a role.
    """
    return call(data["source"], data["program"], data["data"], dry=False)


def command(data: dict[str, Any]) -> list[str]:
    """
    Run a command that was noted, and forget the note.
    """
    must(data["argv"])
    _note(data["argv"]).unlink(missing_ok=True)
    return [" ".join(data["argv"])]


def _note(argv: list[str]) -> Path:
    return Path(PENDING) / f"{hashlib.sha256(json.dumps(argv).encode()).hexdigest()[:16]}.json"


def main(data: dict[str, Any]) -> None:
    try:
        for argv in data["notify"]:
            note = _note(argv)
            note.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            note.write_text(json.dumps(argv))
            # What a later run makes up for is done in this order; file systems' own clocks are too coarse for it.
            now = time.time_ns()
            os.utime(note, ns=(now, now))
        changes = globals()[data["act"]](data)
    except Exception as error:
        words = str(error) if isinstance(error, ActError) else f"{type(error).__name__}: {error}"
        sys.stderr.write(f"{words}\n")
        sys.exit(1)
    print(json.dumps(changes))  # noqa: T201 -- its answer
