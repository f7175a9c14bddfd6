"""
Settings that use every key there is, and the means to damage them in one place.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from settings.environment import Environment
from settings.model import Model
from settings.project import Project
from settings.release import Releases

Path = tuple[str | int, ...]

CASES = FilePath(__file__).parents[1] / "cases" / "settings"
# Every key that there is, with a valid value: test_complete_data_is_complete holds it to that.
COMPLETE: dict[type[Model], dict[str, Any]] = {
    Environment: json.loads((CASES / "environment.json").read_text()),
    Project: json.loads((CASES / "project.json").read_text()),
    Releases: json.loads((CASES / "releases.json").read_text()),
}


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Each value that is not a container, with where it is."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, (*path, index))
    else:
        yield path, value


def at(value: Any, path: Path) -> Any:
    """What is at this place in models, mappings and lists."""
    for part in path:
        value = getattr(value, str(part)) if isinstance(value, Model) else value[part]
    return value


def smallest(model: type[Model], path: Path) -> tuple[type[Model], Any, Path]:
    """The smallest block around a place: its model, its complete data, and the place in it."""
    found: tuple[type[Model], Any, Path] = (model, COMPLETE[model], path)
    value: Any = model.model_validate(COMPLETE[model])
    for end in range(1, len(path)):
        value = at(value, path[end - 1 : end])
        if isinstance(value, Model):
            found = (type(value), at(COMPLETE[model], path[:end]), path[end:])
    return found


def with_value(data: Any, path: Path, value: Any) -> Any:
    """The data with another value at this place; what is beside it is shared, not copied."""
    if not path:
        return value
    changed = copy.copy(data)
    changed[path[0]] = with_value(data[path[0]] if path[1:] else None, path[1:], value)
    return changed
