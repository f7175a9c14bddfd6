"""
Files and folders that only their owner may read.
"""

from __future__ import annotations

import os
from pathlib import Path


def folder(path: Path) -> Path:
    """
    The folder, made if needed, closed to everybody else.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write(path: Path, content: bytes, mode: int = 0o600) -> None:
    """
    Write the file whole or not at all; at no moment can anybody read it whom the mode does not allow.
    """
    folder(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    draft.replace(path)
