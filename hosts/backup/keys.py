"""
The secrets of the backup server that Python itself needs; the other programs are given the files.
"""

from __future__ import annotations

from hosts.backup.config import FOLDER


def record() -> str:
    """
    What records and manifests are signed with.
    """
    return (FOLDER / "record.key").read_text().strip()
