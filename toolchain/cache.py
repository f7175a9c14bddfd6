"""
The user's cache folder, where an engine is made once for all checkouts: complete or not there at all.
"""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """
    Hold this lock file; waits for whoever holds it, and a killed holder has let go of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@dataclass(frozen=True)
class Cache:
    """
    Finished folders by name.
    """

    root: Path

    @classmethod
    def of_user(cls, environment: Mapping[str, str], kind: str = "engine") -> Cache:
        """
        Below $XDG_CACHE_HOME, or ~/.cache; one folder for each kind of thing.
        """
        base = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        return cls(Path(base) / "flotilla" / kind)

    def get(self, name: str) -> Path | None:
        """
        The finished folder, or None.
        """
        folder = self.root / name
        return folder if folder.is_dir() else None

    def make(self, name: str, fill: Callable[[Path], None]) -> Path:
        """
        The finished folder; where it is missing, `fill` gets an empty one that becomes it once `fill` returns.

        Two checkouts that want the same one make it once: the second waits and finds it.
        """
        folder = self.root / name
        with locked(self.root / f".{name}.lock"):
            if folder.is_dir():
                return folder
            for leftover in self.root.glob(f".{name}.making-*"):
                shutil.rmtree(leftover)
            draft = Path(tempfile.mkdtemp(prefix=f".{name}.making-", dir=self.root))
            try:
                fill(draft)
                draft.rename(folder)
            except BaseException:
                shutil.rmtree(draft, ignore_errors=True)
                raise
        return folder
