"""
A complete fleet in a folder of its own, and the means to break it in one place.
"""

from __future__ import annotations

import shutil
from pathlib import Path as FilePath
from typing import Any

import pytest
import yaml

from ops.errors import SettingsError
from settings import Settings, load, read_stack_config
from tests.settings.complete import CASES, Path, at

SOURCE = CASES / "fleet"
STACK_FILE = "Pulumi.local.yaml"
FILES = (STACK_FILE, *(f"projects/{name}.yaml" for name in ("ledger", "site", "sync")), "releases/local.yaml")
DOCUMENTS: dict[str, Any] = {name: yaml.load((SOURCE / name).read_text(encoding="utf-8"), yaml.CSafeLoader) for name in FILES}
ENVIRONMENT: Path = ("config", "flotilla:environment")
SECRETS: Path = ("config", "flotilla:secrets")


class Plain(yaml.CSafeDumper):
    """
    YAML without anchors, which settings refuse.
    """

    def ignore_aliases(self, data: Any) -> bool:
        return True


class Fleet:
    """
    The files of `tests/cases/settings/fleet`, copied, for one test to change.
    """

    def __init__(self, root: FilePath) -> None:
        self.root = root
        shutil.copytree(SOURCE, root, dirs_exist_ok=True)

    def put(self, name: str, path: Path, value: Any) -> None:
        """Set a value in a file; None removes the key or entry."""
        document = yaml.load((self.root / name).read_text(encoding="utf-8"), yaml.CSafeLoader)
        block = at(document, path[:-1])
        if value is None:
            del block[path[-1]]
        else:
            block[path[-1]] = value
        self.write(name, document)

    def write(self, name: str, document: Any) -> None:
        """Write a file as YAML, a key or entry per line."""
        text = yaml.dump(document, Dumper=Plain, sort_keys=False, allow_unicode=True, width=1000)
        (self.root / name).write_text(text, encoding="utf-8")

    def line(self, name: str, path: Path) -> int:
        """The line in which PyYAML itself finds a key or entry, or the nearest block around it that is there."""
        node = yaml.compose((self.root / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        assert node is not None
        line = node.start_mark.line
        for part in path:
            if isinstance(part, int):
                pairs = [(inner, inner) for inner in node.value[part : part + 1]]
            else:
                pairs = [(key, inner) for key, inner in node.value if key.value == part]
            if not pairs:
                break
            [(key, node)] = pairs
            line = key.start_mark.line
        return int(line) + 1

    def load(self) -> Settings:
        """Load stack `local` as a caller outside the engine does."""
        return load("local", self.root, read_stack_config(self.root, "local"))

    def mistakes(self) -> list[str]:
        """The lines of the error that loading gives."""
        with pytest.raises(SettingsError) as raised:
            self.load()
        return str(raised.value).splitlines()
