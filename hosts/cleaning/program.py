"""
The program: a survey, or the removal of what it is given, each by its name; what is in use is never removed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hosts.cleaning import survey


def _layers() -> int:
    rows = [json.loads(line) for line in survey.run("docker", "system", "df", "--format", "{{json .}}").splitlines()]
    return next((survey.parsed(row["Size"]) for row in rows if row["Type"] == "Images"), 0)


def _images(names: list[str]) -> int:
    """
    By name and never by force: Docker itself refuses what a container has taken meanwhile.
    """
    before = _layers()
    for name in names:
        survey.run("docker", "image", "rm", name)
    return max(0, before - _layers())


def _volumes(names: list[str]) -> int:
    sizes = {row["name"]: row["size_bytes"] for row in survey.volumes()}
    for name in names:
        survey.run("docker", "volume", "rm", name)
    return sum(sizes.get(name, 0) for name in names)


def _build_cache(is_wanted: bool) -> int:
    if not is_wanted:
        return 0
    before = survey.build_cache()
    survey.run("docker", "builder", "prune", "--all", "--force")
    return max(0, before - survey.build_cache())


def _logs(paths: list[str]) -> int:
    """
    Only those that a survey would find now.
    """
    known = {row["path"]: row["size_bytes"] for row in survey.logs()}
    freed = 0
    for path in paths:
        if path in known:
            Path(path).unlink()
            freed += known[path]
    return freed


def _journal(days: int) -> int:
    before = survey.journal()
    survey.run("journalctl", "--rotate")
    survey.run("journalctl", f"--vacuum-time={int(days)}d")
    return max(0, before - survey.journal())


REMOVALS: dict[str, Callable[[Any], int]] = {
    "images": _images,
    "volumes": _volumes,
    "build_cache": _build_cache,
    "logs": _logs,
    "journal_days": _journal,
}


def remove(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """
    {"freed": {kind: bytes}, "failed": {kind: why}}.
    """
    freed, failed = {}, {}
    for kind, value in wanted.items():
        try:
            freed[kind] = REMOVALS[kind](value)
        except Exception as error:  # the others are removed all the same
            failed[kind] = re.sub(r"\s+", " ", str(error))[:300] or type(error).__name__
    return {"freed": freed, "failed": failed}


def main(asked: Mapping[str, Any]) -> None:
    """
    `{"remove": {...}}` removes; without it, it is looked only.
    """
    answer = remove(asked["remove"]) if "remove" in asked else survey.survey()
    sys.stdout.write(json.dumps(answer) + "\n")
