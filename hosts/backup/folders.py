"""
Folders that belong to one of the two users.
"""

from __future__ import annotations

import shutil
from pathlib import Path


def own(path: Path, user: str, mode: int = 0o700) -> Path:
    """
    Have a folder that is a user's, and those above it.
    """
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():
            folder.mkdir(mode=mode)
            folder.chmod(mode)
            shutil.chown(folder, user, user)
    return path
