"""
What a program has installed: the plugins its packages need, and its dependencies for `pulumi about`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Plugin:
    """
    A resource plugin that an installed package asks for, in exactly that version.
    """

    name: str
    version: str
    server: str = ""


@dataclass(frozen=True, order=True)
class Dependency:
    """
    An installed package.
    """

    name: str
    version: str


def installed_plugins(site_packages: Iterable[Path], environment: Mapping[str, str]) -> list[Plugin]:
    """
    The plugins that are asked for and lie in PULUMI_HOME already.

    Others are left out on purpose: the engine would fetch them before the program even runs, whether it uses them or not; one
    that is used is fetched when its first resource is registered.
    """
    home = Path(environment.get("PULUMI_HOME") or Path.home() / ".pulumi")
    return sorted(
        plugin
        for plugin in _plugins(site_packages)
        if (home / "plugins" / f"resource-{plugin.name}-v{plugin.version}" / f"pulumi-resource-{plugin.name}").exists()
    )


def _plugins(site_packages: Iterable[Path]) -> Iterator[Plugin]:
    for folder in site_packages:
        for path in folder.glob("*/pulumi-plugin.json"):
            document = json.loads(path.read_text())
            if document.get("resource") and document.get("version"):
                name = document.get("name") or path.parent.name.removeprefix("pulumi_")
                yield Plugin(name, document["version"].removeprefix("v"), document.get("server", ""))


def installed_packages(site_packages: Iterable[Path], *, is_transitive: bool) -> list[Dependency]:
    """
    The installed packages; where not transitive, only those that no other installed package requires.
    """
    from importlib.metadata import distributions  # 20 ms, and only `pulumi about` asks

    found: dict[str, str] = {}
    required: set[str] = set()
    for distribution in distributions(path=[str(folder) for folder in site_packages]):
        found[_normal(distribution.metadata["Name"])] = distribution.version
        required.update(_normal(re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0]) for text in distribution.requires or ())
    return sorted(Dependency(name, version) for name, version in found.items() if is_transitive or name not in required)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
