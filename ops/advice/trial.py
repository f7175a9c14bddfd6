"""
Trying a proposal: the settings as they would be, read and checked as every command does, in a folder of their own.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from ops.advice.proposal import ENVIRONMENT, Change
from settings import Settings, read_stack_config
from settings.documents import read_document
from settings.loading import examine, stacks
from settings.problems import Problem

FOLDERS = ("projects", "releases")


def with_change(document: Mapping[str, Any], change: Change) -> dict[str, Any]:
    """
    A file's contents with one more change: pure.
    """
    changed = deepcopy(dict(document))
    place, path = (changed["config"] if change.path[0] == ENVIRONMENT else changed), list(change.path)
    for key in path[:-1]:
        inner = place.get(key)
        place[key] = inner if isinstance(inner, dict) else {}
        place = place[key]
    place[path[-1]] = deepcopy(change.new)
    return changed


def attempt(checkout: Path, stack: str, changes: Iterable[Change]) -> Settings | list[str]:
    """
    The stack's settings with these changes; what would be wrong, of any stack, where they are refused.
    """
    with tempfile.TemporaryDirectory(prefix="flotilla-advice-") as place:
        root = Path(place)
        _copy(checkout, root)
        for change in changes:
            path = root / change.file
            document = read_document(path, change.file)
            if isinstance(document, Problem) or not isinstance(document.data, dict):
                return [str(document)]
            path.write_text(_text(with_change(document.data, change)), encoding="utf-8")
        seen = {name: examine(name, root, read_stack_config(root, name)) for name in stacks(root)}
    problems = [str(problem) for found in seen.values() if not isinstance(found, Settings) for problem in found]
    found = seen[stack]
    return found if isinstance(found, Settings) and not problems else list(dict.fromkeys(problems))


def _copy(checkout: Path, root: Path) -> None:
    for name in FOLDERS:
        if (checkout / name).is_dir():
            shutil.copytree(checkout / name, root / name)
    for path in checkout.glob("Pulumi.*yaml"):
        shutil.copy2(path, root / path.name)


class _Plain(yaml.CSafeDumper):
    """
    YAML without anchors, which settings refuse.
    """

    def ignore_aliases(self, _: Any) -> bool:
        return True


def _text(document: Mapping[str, Any]) -> str:
    return yaml.dump(dict(document), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=1000)
