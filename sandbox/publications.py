"""
What was published before, so that the same is not built and pushed again: {repository: what it was made of, and its digest}.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path

from sandbox import private_files

FILE = "published.json"


class Publications:
    """
    Remembered in a file. One that is lost or damaged costs a build, nothing else.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        self._lock = threading.Lock()
        self._entries: dict[str, dict[str, str]] = _read(self._path)

    def find(self, repository: str, inputs: str) -> str | None:
        """
        The image that these inputs gave, by digest.
        """
        entry = self._entries.get(repository, {})
        return entry.get("image") if entry.get("inputs") == inputs else None

    def note(self, repository: str, inputs: str, image: str) -> None:
        """
        Remember what these inputs gave.
        """
        with self._lock:
            self._entries[repository] = {"inputs": inputs, "image": image}
            private_files.write(self._path, json.dumps(self._entries, indent=1, sort_keys=True).encode())


def _read(path: Path) -> dict[str, dict[str, str]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(found, Mapping):
        return {}
    return {name: dict(entry) for name, entry in found.items() if isinstance(entry, Mapping)}
