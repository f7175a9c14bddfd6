"""
Incidents on disk: `reports/incidents/<id>/`, for their owner's eyes only.
"""

from __future__ import annotations

import json
import re
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops import whole
from ops.errors import SettingsError

DOCUMENT = "incident.json"
ID = re.compile(r"[0-9]{8}T[0-9]{6}Z(-[a-z0-9-]{1,40})?")


def home(checkout: Path) -> Path:
    """
    Where all incidents are.
    """
    return checkout / "reports" / "incidents"


def new_id(title: str, at: datetime) -> str:
    """
    When it began, and a few words of its title.
    """
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40].strip("-")
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ") + (f"-{words}" if words else "")


def make(checkout: Path, name: str) -> Path:
    """
    An incident's folder.

    Raises: SettingsError where there is one already.
    """
    home(checkout).parent.mkdir(mode=0o700, exist_ok=True)
    home(checkout).mkdir(mode=0o700, exist_ok=True)
    path = home(checkout) / name
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        raise SettingsError(f"{name}: there is such an incident already. Nothing was done. Go on with `collect`.") from None
    return path


def write(path: Path, text: str) -> None:
    """
    A file, whole or not at all.
    """
    for parent in reversed(path.parents):
        parent.mkdir(mode=0o700, exist_ok=True)  # `parents=True` would leave those above open to others
    with whole.file(path) as file:
        file.write(text.encode(errors="replace"))


def save(path: Path, document: dict[str, Any]) -> None:
    """
    The incident's own document.
    """
    write(path / DOCUMENT, json.dumps(document, indent=2) + "\n")


def load(path: Path) -> dict[str, Any]:
    """
    Raises: SettingsError where it cannot be read.
    """
    try:
        return dict(json.loads((path / DOCUMENT).read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{path / DOCUMENT}: it cannot be read ({error}). Nothing was done. Start a new incident."
        ) from None


def everyone(checkout: Path) -> list[dict[str, Any]]:
    """
    All incidents, newest first.
    """
    folders = sorted((path for path in home(checkout).glob("*") if (path / DOCUMENT).is_file()), reverse=True)
    return [load(path) for path in folders]


def find(checkout: Path, name: str | None) -> Path:
    """
    The folder of an incident; without a name, of the newest that is open.

    Raises: SettingsError where there is none.
    """
    if name is None:
        found = next((row["id"] for row in everyone(checkout) if row["status"] == "open"), None)
        if found is None:
            raise SettingsError("incident: none is open. Nothing was done. Begin with `flotilla incident start`.")
        name = str(found)
    if not ID.fullmatch(name) or not (home(checkout) / name / DOCUMENT).is_file():
        known = ", ".join(row["id"] for row in everyone(checkout)[:5]) or "none"
        raise SettingsError(f"{name}: there is no such incident. Nothing was done. The newest are: {known}.")
    return home(checkout) / name


def bundle(path: Path) -> Path:
    """
    Everything of an incident in one file beside its folder, to be handed on.
    """
    archive = path.with_name(f"{path.name}.tar.gz")
    with whole.file(archive) as file, tarfile.open(fileobj=file, mode="w:gz") as tar:
        tar.add(path, arcname=path.name)
    return archive
