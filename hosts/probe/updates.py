"""
Which security updates wait: what is installed against Debian's lists of them, without apt, which would take seconds.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from hosts.probe.reading import UnreadableError, entries, lines_of, text_of

LISTS = "/var/lib/apt/lists"
STATUS = "/var/lib/dpkg/status"
REBOOT_REQUIRED = "/run/reboot-required"
_FIELD = re.compile(r"^(Package|Version|Status): (.+)$", re.MULTILINE)
_PARTS = re.compile(r"(\D*)(\d*)")


def updates() -> dict[str, Any]:
    """
    The installed packages of which a newer version is a security update, by lists that are `lists_age_s` old.

    Raises: UnreadableError where this machine has no such lists.
    """
    lists = [path for path in entries(LISTS, "_Packages") if "security" in path.name]
    if not lists:
        raise UnreadableError("there are no lists of security updates")
    installed = {name: version for name, version, state in _packages(Path(STATUS)) if state.endswith(" installed")}
    newest: dict[str, str] = {}
    for path in lists:
        for name, version, _ in _packages(path):
            if name in installed and is_older(newest.get(name, ""), version):
                newest[name] = version
    pending = sorted(name for name, version in newest.items() if is_older(installed[name], version))
    checked = max(path.stat().st_mtime for path in (*lists, Path(LISTS)))
    return {"lists_age_s": round(time.time() - checked), "pending": pending}


def _packages(path: Path) -> Iterator[tuple[str, str, str]]:
    """
    Name, version and state of every package in a file of Debian's control format.
    """
    for paragraph in text_of(path).split("\n\n"):
        found = dict(_FIELD.findall(paragraph))
        if "Package" in found and "Version" in found:
            yield found["Package"], found["Version"], found.get("Status", "")


def is_older(one: str, other: str) -> bool:
    """
    Whether a version comes before another. Source: Debian Policy 4.6.2, 5.6.12.
    """
    return _key(one) < _key(other)


class _Part:
    """
    A piece of a version's text: `~` before the end, the end before letters, letters before the rest.
    """

    def __init__(self, text: str) -> None:
        self.weights = [-1 if mark == "~" else ord(mark) + (0 if mark.isalpha() else 256) for mark in text]

    def __lt__(self, other: _Part) -> bool:
        pairs = zip_longest(self.weights, other.weights, fillvalue=0)
        return next((mine < others for mine, others in pairs if mine != others), False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Part) and self.weights == other.weights

    __hash__ = None  # type: ignore[assignment]  # nothing to look up by


def _key(version: str) -> tuple[int, list[tuple[_Part, int]], list[tuple[_Part, int]]]:
    epoch, colon, rest = version.partition(":")
    upstream, _, revision = (rest if colon else version).rpartition("-")
    if not upstream:
        upstream, revision = revision, "0"
    return int(epoch) if colon else 0, _parts(upstream), _parts(revision)


def _parts(text: str) -> list[tuple[_Part, int]]:
    return [(_Part(mark), int(number or 0)) for mark, number in _PARTS.findall(text) if mark or number] + [(_Part(""), 0)]


def reboot() -> dict[str, Any]:
    """
    Whether an update waits for a restart, and which packages ask for it.
    """
    packages = lines_of(f"{REBOOT_REQUIRED}.pkgs")
    return {"is_required": Path(REBOOT_REQUIRED).exists(), "packages": sorted(set(packages))}
