"""
Seeing what the code says: what the program would change, and which names projects use and declare.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ops.audit.scene import Code
from ops.errors import FlotillaError
from ops.events import Change
from settings import Settings

LONGEST_SOURCE = 1_000_000
SOURCE_MAXIMUM = 2_000
LEFT_OUT = frozenset({"tests", "test", "node_modules", "__pycache__", "vendor", "dist", "target"})
DATABASE = "DATABASE_URL"
_FILE = re.compile(r"\b[A-Z][A-Z0-9_]*_FILE\b")


def see_code(checkout: Path, settings: Settings, known: Mapping[str, str], timeout_s: float) -> tuple[Code, ...]:
    """
    As one subject. What cannot be seen says why.
    """
    return (
        Code(
            name=settings.stack,
            sections={
                "preview": _preview(checkout, settings.stack, known, timeout_s),
                "names": {"data": list(names(settings))},
            },
        ),
    )


def _preview(checkout: Path, stack: str, known: Mapping[str, str], timeout_s: float) -> dict[str, Any]:
    from ops import engine

    try:
        found = engine.preview(checkout, stack, known, timeout_s=timeout_s)
    except FlotillaError as error:
        return {"error": str(error)}
    if not found.is_ok:
        said = "; ".join(row.message for row in found.diagnostics if row.severity == "error") or "no word of why"
        return {"error": f"the preview failed: {' '.join(said.split())[:500]}"}
    steps = (step for step in found.steps if step.change not in (Change.SAME, Change.READ))
    return {
        "data": [
            {"operation": str(step.change), "name": step.name, "type": step.type, "properties": list(step.differing)}
            for step in steps
        ]
    }


def names(settings: Settings) -> Iterator[dict[str, Any]]:
    """
    For each project whose source is in this checkout: `used` is {name: file} of the secrets' files that it reads, `given` those
    that it gets, `unused` what it declares and no source mentions.
    """
    for project in settings.projects.values():
        processes = project.all_processes().values()
        sources = sorted({process.source for process in processes if process.source})
        folders = [settings.root / source for source in sources]
        if not folders or not all(folder.is_dir() for folder in folders):
            continue
        texts = dict(text for folder in folders for text in _texts(folder, settings.root))
        used = {name: path for path, text in texts.items() for name in _FILE.findall(text)}
        secrets = {f"{secret}_FILE" for process in processes for secret in process.secrets}
        variables = {name for process in processes for name in process.env}
        database = {f"{DATABASE}_FILE"} if project.database else set()
        everything = "\n".join(texts.values())
        yield {
            "name": project.name,
            "source": " ".join(sources),
            "used": used,
            "given": sorted(secrets | database | variables),
            "unused": sorted(name for name in secrets | variables if name not in everything),
        }


def _texts(folder: Path, root: Path) -> Iterator[tuple[str, str]]:
    seen = 0
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT and not name.startswith("."))
        for name in sorted(files):
            path = Path(place, name)
            if seen >= SOURCE_MAXIMUM or path.suffix == ".md" or path.stat().st_size > LONGEST_SOURCE:
                continue
            seen += 1
            yield str(path.relative_to(root)), path.read_text(encoding="utf-8", errors="replace")
