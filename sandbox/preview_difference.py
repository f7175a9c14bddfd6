"""
What another revision of the checkout would make, against this one: with an empty state each preview alone only says "create".
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import FlotillaError, SettingsError
from sandbox.engine_events import Step

MARKS = {"added": "+", "removed": "-", "changed": "~"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    One resource that differs; `kind` is added, removed or changed, `properties` are the top-level ones that changed.
    """

    kind: str
    type: str
    name: str
    properties: tuple[str, ...] = ()

    def line(self) -> str:
        """
        As a person reads it.
        """
        properties = f": {', '.join(self.properties)}" if self.properties else ""
        return f" {MARKS[self.kind]}  {self.type} {self.name}{properties}"


def compare(before: Iterable[Step], after: Iterable[Step]) -> list[Change]:
    """
    The resources that differ, in the order of their names in the engine.
    """
    old, new = ({step.urn: step for step in steps} for steps in (before, after))
    return [change for urn in sorted(old.keys() | new.keys()) for change in _change(old.get(urn), new.get(urn))]


def _change(before: Step | None, after: Step | None) -> Iterator[Change]:
    known = after or before
    if known is None:
        return
    if before and after:
        properties = tuple(_differing(before.compared, after.compared))
        if properties:
            yield Change(kind="changed", type=known.type, name=known.name, properties=properties)
    else:
        yield Change(kind="added" if after else "removed", type=known.type, name=known.name)


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    missing = object()
    return (key for key in sorted(before.keys() | after.keys()) if before.get(key, missing) != after.get(key, missing))


def steps_at(revision: str, stack: str, checkout: Path, keys: Path, folder: Path) -> list[Step]:
    """
    The steps of a preview of that revision by its own code, laid out in the folder.

    Raises: SettingsError when git does not know the revision, FlotillaError when its preview fails.
    """
    extract(checkout, revision, folder)
    (folder / ".flotilla").symlink_to(checkout / ".flotilla")  # the engine is there
    command = [sys.executable, "-m", "sandbox.preview", stack, "--json", "--keys", str(keys)]
    process = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    try:
        document = json.loads(process.stdout)
    except ValueError:
        document = {"exit_code": process.returncode or 1, "diagnostics": [{"severity": "error", "message": process.stderr}]}
    if document["exit_code"] != 0:
        errors = [found["message"] for found in document["diagnostics"] if found["severity"] == "error"]
        raise FlotillaError(
            f"--diff-against {revision}: its own preview of {stack} failed. Nothing was compared. Preview without it.\n"
            + "\n".join(errors).strip()
        )
    return [Step(**step) for step in document["steps"]]


def extract(checkout: Path, revision: str, folder: Path) -> None:
    """
    The whole tree of a revision, program and settings, laid out in the folder.

    Raises: SettingsError when git does not know the revision.
    """
    folder.mkdir()
    command = ["git", "-C", str(checkout), "archive", "--format=tar", "--end-of-options", revision]
    archive = subprocess.run(command, capture_output=True, check=False)
    if archive.returncode != 0:
        said = archive.stderr.decode(errors="replace").strip().splitlines()
        raise SettingsError(
            f"--diff-against: git does not have this revision ({said[0] if said else 'no reason given'}). Nothing was "
            f"previewed. Fetch it, or name another."
        )
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tree:
        tree.extractall(folder, filter="data")
