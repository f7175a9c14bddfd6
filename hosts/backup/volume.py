"""
On a server with volumes: what is in one, and consistent copies of the SQLite databases in it, which may be in use meanwhile.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
from pathlib import Path
from typing import Any

from hosts.backup.gate import snapshot_folder

# Source: sqlite.org/fileformat2.html, section 1.3; read 2026-11-26.
MAGIC = b"SQLite format 3\0"
COMPANIONS = ("-wal", "-shm", "-journal")
BUSY_TIMEOUT_S = 60


def prepare(path: Path, snapshots: Path) -> dict[str, Any]:
    """
    {databases: names in the volume of which a copy was made, files: {name: [uid, gid, mode]}}. Names are relative. A file that
    goes meanwhile is not in it.
    """
    folder = snapshot_folder(str(path))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    snapshots.chmod(0o700)
    entries: dict[str, list[int]] = {}
    databases: list[str] = []
    for name in _names(path):
        try:
            found = os.lstat(path / name)
        except FileNotFoundError:
            if name == ".":
                raise
            continue
        entries[name] = [found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)]
        if stat.S_ISREG(found.st_mode) and _is_database(path / name):
            _copy(path / name, folder / name)
            databases.append(name)
    return {"databases": databases, "files": entries}


def _names(path: Path) -> list[str]:
    found = ["."]
    for root, folders, files in os.walk(path):
        found += [os.path.relpath(Path(root) / name, path) for name in (*folders, *files)]
    return sorted(found)


def _is_database(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def _copy(source: Path, target: Path) -> None:
    """
    SQLite's own backup: pages are copied while others write, and what comes out is one state of the database.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    original = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)
    copy = sqlite3.connect(target)
    try:
        original.backup(copy)
    finally:
        copy.close()
        original.close()
