"""
A swap file, half as large as the memory, between 1 and 4 GiB: room for what is never used again, not a second memory.
"""

import os
import subprocess
from pathlib import Path
from typing import Any

GIB = 1024**3
SMALLEST, LARGEST = GIB, 4 * GIB
# Of the disk, so that it never is what fills it.
SHARE_OF_FREE = 0.25


def size_bytes(memory: int, free: int) -> int:
    """
    In whole MiB; 0 where the disk has no room for it.
    """
    size = min(max(memory // 2, SMALLEST), LARGEST)
    return size // 1024**2 * 1024**2 if size <= free * SHARE_OF_FREE else 0


def converge(data: dict[str, Any], dry: bool) -> list[str]:
    path = Path(data["path"])
    if path.exists() and path.stat().st_mode & 0o777 == 0o600 and _is_swap(path):
        return []
    disk = os.statvfs(path.parent)
    size = size_bytes(_memory(), disk.f_bavail * disk.f_frsize)
    if size == 0:
        raise ValueError(f"{path.parent} has too little room for a swap file")
    if not dry:
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        new.touch(mode=0o600)
        subprocess.run(["fallocate", "--length", str(size), str(new)], check=True)
        subprocess.run(["mkswap", str(new)], check=True, capture_output=True)
        new.replace(path)
    return [f"make {path} of {size // 1024**2} MiB"]


def _memory() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _is_swap(path: Path) -> bool:
    """
    mkswap's mark at the end of the first page.
    """
    with path.open("rb") as file:
        return file.read(4096)[-10:] == b"SWAPSPACE2"
