"""
What creations were begun and not yet seen in the engine's state, so that one cut short by kill -9 is taken up, not repeated.

One small file for each URN under `$PULUMI_HOME/stand-ins/`, written before the API is asked and removed when the engine shows
that it knows the resource. A stand-in adopts only what its own record names; the real providers cannot.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Intent:
    """
    The record of one resource; without a path nothing is recorded.
    """

    path: Path | None = None

    def unfinished(self, name: str) -> str | None:
        """
        The id of what an earlier creation under this name made: "" where it was cut short before it knew, None without one.
        """
        if self.path is None or not self.path.exists():
            return None
        with contextlib.suppress(ValueError):
            found = json.loads(self.path.read_text())
            if found.get("name") == name:
                return str(found.get("id", ""))
        return None

    def record(self, name: str, id: str = "") -> None:
        """
        Note that something of this name is about to be made, or was made with this id.
        """
        if self.path is None:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps({"name": name, "id": id}))
        draft.replace(self.path)

    def forget(self) -> None:
        """
        Nothing was made, or the engine knows it.
        """
        if self.path is not None:
            self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Intents:
    """
    The records of one Pulumi home.
    """

    folder: Path | None

    @classmethod
    def of_environment(cls) -> Intents:
        """
        Those beside the plugins; none where PULUMI_HOME is not set.
        """
        home = os.environ.get("PULUMI_HOME")
        return cls(Path(home) / "stand-ins" if home else None)

    def of(self, urn: str) -> Intent:
        """
        The record of a resource.
        """
        if self.folder is None:
            return Intent()
        return Intent(self.folder / f"{hashlib.sha256(urn.encode()).hexdigest()[:32]}.json")

    def finish(self, urn: str) -> None:
        """
        The engine knows this resource.
        """
        self.of(urn).forget()
