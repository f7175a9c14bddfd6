"""
Look at everything that is wanted, change nothing, print one JSON document.
"""

from __future__ import annotations

import base64
import grp
import hashlib
import json
import os
import pwd
import stat
from pathlib import Path
from typing import Any

from hosts.agent.shared import PENDING, call, run

# Larger files are told apart by their hash only.
SHOWN_BYTES = 65536


def path_state(path: str, *, is_shown: bool) -> dict[str, Any]:
    """
    What is at a path: its kind, and what can be compared.
    """
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return {"kind": "absent"}
    state: dict[str, Any] = {
        "kind": "other",
        "mode": stat.S_IMODE(found.st_mode),
        "owner": _name(pwd.getpwuid, found.st_uid),
        "group": _name(grp.getgrgid, found.st_gid),
    }
    if stat.S_ISDIR(found.st_mode):
        return {**state, "kind": "directory"}
    if not stat.S_ISREG(found.st_mode):
        return state
    content = Path(path).read_bytes()
    state |= {"kind": "file", "sha256": hashlib.sha256(content).hexdigest()}
    if is_shown and len(content) <= SHOWN_BYTES:
        state["content"] = content.decode(errors="replace")
    return state


def _name(look_up: Any, number: int) -> str:
    try:
        return str(look_up(number)[0])
    except KeyError:
        return str(number)


def packages(names: list[str]) -> dict[str, str]:
    """
    The versions of those that are installed.
    """
    if not names:
        return {}
    found = run(["dpkg-query", "-W", "-f", "${Package}\t${db:Status-Abbrev}\t${Version}\n", *names])
    rows = [line.split("\t") for line in found.stdout.splitlines()]
    return {name: version for name, status, version in rows if status.startswith("ii")}


def units(names: list[str]) -> dict[str, dict[str, str]]:
    """
    Whether each is known, runs, and starts at boot, in systemd's words.
    """
    if not names:
        return {}
    wanted = ("Id", "Names", "LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload")
    shown = run(["systemctl", "show", "--property", ",".join(wanted), "--", *names]).stdout
    # One block a unit, in the order of the question: an alias has another Id.
    blocks = [dict(line.partition("=")[::2] for line in block.splitlines()) for block in shown.strip("\n").split("\n\n")]
    return dict(zip(names, blocks, strict=True))


def programs(wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    What each program would change, or why that cannot be said.
    """
    return [_program(entry) for entry in wanted]


def _program(entry: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"changes": call(entry["source"], entry["program"], entry["data"], dry=True)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def pending() -> list[list[str]]:
    """
    The commands that an interrupted run still owes, in the order in which they were noted.
    """
    notes = sorted(Path(PENDING).glob("*.json"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    return [json.loads(path.read_text()) for path in notes]


def main(data: dict[str, Any]) -> None:
    kind = run(["systemd-detect-virt", "--container"]).stdout.strip()
    document = {
        "is_container": kind not in ("", "none"),
        "paths": {path: path_state(path, is_shown=is_shown) for path, is_shown in data["paths"].items()},
        "packages": packages(data["packages"]),
        "units": units(data["units"]),
        "programs": programs(data["programs"]),
        "pending": pending(),
    }
    # Encoded: what a file holds must not look like the end of a line to anybody on the way.
    print(base64.b64encode(json.dumps(document).encode()).decode())  # noqa: T201 -- its answer
