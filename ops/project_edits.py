"""
Edits of projects' files: one value at a time, everything else as people wrote it, comments too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ops.errors import SettingsError
from settings.loading import Settings, examine, read_stack_config, stacks
from settings.values import is_name

_KEY = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z][a-z0-9_-]*)*")
_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]{0,199}")
_LINE = re.compile(r"^(?P<head>\s*[A-Za-z0-9_-]+:[ ]+)(?P<value>[^\s#][^#]*?)(?P<tail>\s*(?:#.*)?)$")
INDENT = "  "


@dataclass(frozen=True, kw_only=True)
class Edited:
    """
    What was changed. `before` is None where the value was not there.
    """

    file: str
    key: str
    before: str | None
    after: str


def change(checkout: Path, project: str, key: str, value: str) -> Edited:
    """
    Set one value of a project's file, `limits.memory_mb` say. The file is left as it was where the settings of a stack would
    not be valid any more.

    Raises: SettingsError
    """
    path = _path(checkout, project, key, value)
    text = path.read_text(encoding="utf-8")
    new, before = edited(text, key.split("."), value, f"projects/{path.name}")
    if new != text:
        wrong = _problems(checkout)
        path.write_text(new, encoding="utf-8")
        try:
            _require_no_more(checkout, wrong, f"projects/{path.name}", key, value)
        except BaseException:
            path.write_text(text, encoding="utf-8")
            raise
    return Edited(file=f"projects/{path.name}", key=key, before=before, after=value)


def _path(checkout: Path, project: str, key: str, value: str) -> Path:
    path = checkout / "projects" / f"{project}.yaml"
    if not is_name(project) or not path.is_file():
        there = ", ".join(sorted(found.stem for found in (checkout / "projects").glob("*.yaml"))) or "none"
        raise SettingsError(f"{project!r}: there is no such project. Nothing was changed. Choose of: {there}.")
    if not _KEY.fullmatch(key):
        raise SettingsError(f"{key!r}: this is no key. Nothing was changed. Write it as `limits.memory_mb`: docs/settings.md.")
    if not _VALUE.fullmatch(value):
        raise SettingsError(
            f"{key}: {value!r} is no number and no plain word. Nothing was changed. Edit projects/{project}.yaml by hand."
        )
    return path


def edited(text: str, keys: list[str], value: str, file: str) -> tuple[str, str | None]:
    """
    The file's text with another value, and the value before. A key that is not there is put at the end of its block; a block
    that is not there at the end of the file.

    Raises: SettingsError where the place is no plain value in a line of its own.
    """
    lines = text.splitlines()
    at, depth = _found(lines, keys)
    if depth == len(keys):
        match = _LINE.match(lines[at])
        if match is None or match["value"][0] in "[{&*|>!\"'":
            raise SettingsError(
                f"{file}: {'.'.join(keys)} is no plain value in a line of its own. Nothing was changed. Edit it by hand."
            )
        lines[at] = f"{match['head']}{value}{match['tail']}"
        return _checked("\n".join(lines) + "\n", text, keys, value, file), match["value"]
    new = [f"{INDENT * number}{key}:" for number, key in enumerate(keys)][depth:]
    new[-1] += f" {value}"
    lines[_end(lines, at, depth) : _end(lines, at, depth)] = new
    return _checked("\n".join(lines) + "\n", text, keys, value, file), None


def _found(lines: list[str], keys: list[str]) -> tuple[int, int]:
    """
    The line of the deepest of the keys that is there, and how many of them are.
    """
    at, depth = -1, 0
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if depth and indent < len(INDENT) * depth:
            break
        if depth < len(keys) and indent == len(INDENT) * depth and re.match(rf"\s*{re.escape(keys[depth])}:(\s|$)", line):
            at, depth = number, depth + 1
    return at, depth


def _end(lines: list[str], at: int, depth: int) -> int:
    """
    The line after a block's last one; without a block, after the file's.
    """
    if not depth:
        return len(lines)
    last = at
    for number in range(at + 1, len(lines)):
        line = lines[number]
        if line.strip() and len(line) - len(line.lstrip()) < len(INDENT) * depth:
            break
        if line.strip() and not line.lstrip().startswith("#"):
            last = number
    return last + 1


def _checked(new: str, text: str, keys: list[str], value: str, file: str) -> str:
    """
    Raises: SettingsError where another edit came out than was asked for: nobody's file is guessed at.
    """
    wanted = yaml.safe_load(text) or {}
    place: Any = wanted
    for key in keys[:-1]:
        place = place.setdefault(key, {}) if isinstance(place, dict) else None
    if not isinstance(place, dict) or place.update({keys[-1]: yaml.safe_load(value)}) or yaml.safe_load(new) != wanted:
        raise SettingsError(f"{file}: {'.'.join(keys)} cannot be edited line by line. Nothing was changed. Edit it by hand.")
    return new


def _problems(checkout: Path) -> set[str]:
    """
    What is wrong with the settings of all stacks.
    """
    found: set[str] = set()
    for stack in stacks(checkout):
        seen = examine(stack, checkout, read_stack_config(checkout, stack))
        if not isinstance(seen, Settings):
            found |= {str(problem) for problem in seen}
    return found


def _require_no_more(checkout: Path, before: set[str], file: str, key: str, value: str) -> None:
    more = sorted(_problems(checkout) - before)
    if more:
        raise SettingsError(f"{file}: {key} cannot be {value}. Nothing was changed. It would be said:\n" + "\n".join(more))
