"""
The file patterns of `assetPaths` and `archivePaths`: `*` and `?` stop at `/`, `**` does not, `[...]` and `{a,b}` choose, and a
leading `!` takes out again what earlier patterns took in.
"""

from __future__ import annotations

import re
from pathlib import Path

from ops.errors import SettingsError


def matching_files(folder: Path, patterns: list[str]) -> list[str]:
    """
    The files under a folder that the patterns leave, as relative paths with `/`, in order.
    """
    rules = [(pattern.startswith("!"), compile_glob(pattern.removeprefix("!"))) for pattern in patterns]
    return [name for name in sorted(_files(folder)) if _is_taken(name, rules)]


def compile_glob(pattern: str) -> re.Pattern[str]:
    """
    A glob as a regular expression for a whole path.

    Raises: SettingsError for brackets or braces that do not close.
    """
    out, rest, depth = "", pattern, 0
    while rest:
        token = _token(rest, pattern)
        rest = rest[len(token) :]
        depth += {"{": 1, "}": -1}.get(token, 0)
        out += _translated(token, depth)
    if depth != 0:
        raise SettingsError(f"glob {pattern}: a brace does not close. Nothing was collected. Correct the pattern.")
    return re.compile(out)


def _files(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()]


def _is_taken(name: str, rules: list[tuple[bool, re.Pattern[str]]]) -> bool:
    taken = False
    for is_exclusion, rule in rules:
        if rule.fullmatch(name):
            taken = not is_exclusion
    return taken


def _token(rest: str, pattern: str) -> str:
    """
    The next part with a meaning of its own.
    """
    if rest.startswith("**"):
        return "**"
    if rest[0] == "\\" and len(rest) > 1:
        return rest[:2]
    if rest[0] != "[":
        return rest[0]
    end = rest.find("]", 2)
    if end < 0:
        raise SettingsError(f"glob {pattern}: a bracket does not close. Nothing was collected. Correct the pattern.")
    return rest[: end + 1]


def _translated(token: str, depth: int) -> str:
    fixed = {"**": ".*", "*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}
    if token in fixed:
        return fixed[token]
    if token == "," and depth:
        return "|"
    if token[0] == "[" and len(token) > 1:
        negated, body = token[1] == "!", token[1:-1].removeprefix("!")
        return f"[{'^' if negated else ''}{body.replace(chr(92), chr(92) * 2)}]"
    return re.escape(token[1:] if token[0] == "\\" and len(token) > 1 else token)
