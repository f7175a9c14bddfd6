"""
Users that programs run as: no password, no way in but the keys that a role puts there, a group of their own.
"""

from __future__ import annotations

import grp
import pwd
import subprocess
from typing import Any


def converge(data: dict[str, Any], dry: bool) -> list[str]:
    """
    `users` is {name: {home, shell, groups}}. Groups that a user is in besides are left alone.
    """
    changes: list[str] = []
    for name, wanted in data["users"].items():
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            changes.append(f"make user {name}")
            if not dry:
                _run(["useradd", "--system", "--user-group", "--no-create-home", *_shape(wanted), name])
        else:
            if (entry.pw_dir, entry.pw_shell) != (wanted["home"], wanted["shell"]):
                changes.append(f"change home and shell of user {name}")
                if not dry:
                    _run(["usermod", *_shape(wanted), name])
    for name, wanted in data["users"].items():
        for group in wanted["groups"]:
            if not _is_in(name, group):
                changes.append(f"put user {name} into group {group}")
                if not dry:
                    _run(["usermod", "--append", "--groups", group, name])
    return changes


def _shape(wanted: dict[str, Any]) -> list[str]:
    return ["--home-dir", wanted["home"], "--shell", wanted["shell"]]


def _is_in(name: str, group: str) -> bool:
    try:
        return name in grp.getgrnam(group).gr_mem
    except KeyError:
        return False


def _run(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{argv[0]}: {done.stderr.strip()}")
