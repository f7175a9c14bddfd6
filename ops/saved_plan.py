"""
A plan that is kept: what it was made for, and whether that still holds.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ops import whole
from ops.errors import ChangedError, SettingsError

if TYPE_CHECKING:
    from ops.plan import Plan

SCHEMA: Final = 1


def save(plan: Plan, path: Path) -> None:
    """
    Write the plan down for `flotilla apply --plan`; only its owner may read it.

    Raises: SettingsError where it cannot be written there.
    """
    try:
        with whole.file(path) as file:
            file.write(f"{json.dumps(plan.document(), indent=2)}\n".encode())
    except OSError as error:
        reason = (error.strerror or "cannot be written").lower()
        raise SettingsError(f"--save: {path}: {reason}. The plan was not kept. Name a file in a folder of yours.") from None


def read(path: Path) -> dict[str, Any]:
    """
    A saved plan.

    Raises: SettingsError where it is none.
    """
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{path}: this cannot be read ({error}). Nothing was done. Run `flotilla plan --save {shlex.quote(str(path))}`."
        ) from None
    if not isinstance(document, dict) or document.get("schema") != SCHEMA or "world" not in document:
        raise SettingsError(
            f"{path}: this is no plan of this `flotilla`. Nothing was done. "
            f"Run `flotilla plan --save {shlex.quote(str(path))}`."
        )
    return document


def require_same(saved: Mapping[str, Any], plan: Plan, path: Path) -> None:
    """
    Raises: ChangedError where the plan would be another one now.
    """
    now = plan.document()
    differing = [
        word
        for word, same in (
            ("the settings or releases", saved["world"]["settings"] == plan.world.settings),
            ("the state", saved["world"]["state"] == plan.world.state),
            ("the changes", _compared(saved) == _compared(now)),
        )
        if not same
    ]
    if differing:
        raise ChangedError(
            f"{path}: {' and '.join(differing)} are not what this plan was made for. Nothing was done. Look again: "
            f"`flotilla plan -s {plan.stack} --save {shlex.quote(str(path))}`."
        )


def _compared(document: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    return sorted((row["urn"], row["change"], row["level"], row["line"]) for row in document["changes"])
