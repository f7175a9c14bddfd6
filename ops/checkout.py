"""
Which checkout a command works on: the one that it is part of.
"""

from __future__ import annotations

from pathlib import Path

from ops.errors import SettingsError

CODE = Path(__file__).resolve().parents[1]


def find(here: Path | None = None) -> Path:
    """
    The checkout of this `flotilla`.

    Raises: SettingsError when called from within another checkout, which is hardly what was meant.
    """
    here = (here or Path.cwd()).resolve()
    other = next((folder for folder in (here, *here.parents) if _is_checkout(folder)), CODE)
    if other != CODE:
        raise SettingsError(
            f"{other}: this `flotilla` belongs to another checkout, {CODE}. Nothing was done. "
            f"Run `. ./env.sh` in {other} first, or change to the other one."
        )
    return CODE


def _is_checkout(folder: Path) -> bool:
    return (folder / "Pulumi.yaml").is_file() and (folder / "ops" / "checkout.py").is_file()
