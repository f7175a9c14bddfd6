"""
Permissions of packages' own files, where they are. dpkg is told, so that an upgrade does not loosen them again.
"""

import subprocess
from pathlib import Path
from typing import Any


def converge(data: dict[str, Any], dry: bool) -> list[str]:
    changes = []
    for path, mode in sorted(data["modes"].items()):
        file = Path(path)
        if not file.exists() or file.is_symlink():
            continue
        found = f"{file.stat().st_mode & 0o7777:04o}"
        is_told = _told(path) == mode.lstrip("0")
        if found == mode and is_told:
            continue
        changes.append(f"mode of {path}: {found} -> {mode}" if found != mode else f"keep mode {mode} of {path}")
        if not dry:
            _tell(path, mode)
            file.chmod(int(mode, 8))
    return changes


def _told(path: str) -> str | None:
    shown = subprocess.run(["dpkg-statoverride", "--list", path], capture_output=True, text=True).stdout.split()
    return shown[2].lstrip("0") if shown else None


def _tell(path: str, mode: str) -> None:
    if _told(path):
        subprocess.run(["dpkg-statoverride", "--quiet", "--remove", path], check=True)
    subprocess.run(["dpkg-statoverride", "--quiet", "--update", "--add", "root", "root", mode, path], check=True)
