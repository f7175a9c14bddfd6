"""
The kernel's settings as they are now, in the order in which they are given. What the kernel does not have, because a part of it
is not loaded, is left alone: the file of the same settings sets it when it comes.
"""

from pathlib import Path
from typing import Any

FOLDER = Path("/proc/sys")


def converge(data: dict[str, Any], dry: bool) -> list[str]:
    changes = []
    for name, value in data["values"].items():
        path = FOLDER / name.replace(".", "/")
        if not path.exists():
            continue
        found = " ".join(path.read_text().split())
        if found == value or _is_stricter(name, found):
            continue
        changes.append(f"{name}: {found} -> {value}")
        if not dry:
            path.write_text(value)
    return changes


def _is_stricter(name: str, found: str) -> bool:
    """
    These cannot be loosened again without a restart, and need not be.
    """
    stricter = {"kernel.unprivileged_bpf_disabled": ("2",), "kernel.yama.ptrace_scope": ("2", "3")}
    return found in stricter.get(name, ())
