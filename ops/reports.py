"""
Reports on disk: `reports/<name>_report.json` in the checkout, each whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ops import whole


def path_of(checkout: Path, name: str) -> Path:
    """
    Where the newest report of a check is.
    """
    return checkout / "reports" / f"{name}_report.json"


def write(checkout: Path, name: str, document: Mapping[str, Any]) -> Path:
    """
    Put a report in the place of the one before. Only its owner may read it: it says where an environment is weak.
    """
    path = path_of(checkout, name)
    put(path, text(document))
    return path


def write_operation(checkout: Path, name: str, document: Mapping[str, Any]) -> dict[str, Any]:
    """
    Keep the report of an operation, reports/operations/<name>.json. Returns it with `report`, the path in the checkout.
    """
    path = checkout / "reports" / "operations" / f"{name}.json"
    whole = {**document, "report": str(path.relative_to(checkout))}
    put(path, text(whole))
    return whole


def text(document: Mapping[str, Any]) -> str:
    """
    A report as its file has it.
    """
    return json.dumps(document, indent=2) + "\n"


def put(path: Path, content: str) -> None:
    """
    Have a file with this content, readable by its owner only: whole, or as it was.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with whole.file(path) as file:
        file.write(content.encode())
