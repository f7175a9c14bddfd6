"""
A checkout with valid settings of its own, for tests to damage.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.errors import SettingsError
from settings import Settings, load, read_stack_config
from tests.conftest import on_a_volume
from tests.settings.fleet import Fleet

ROOT = Path(__file__).parents[2]
DIGEST = "sha256:" + "0123456789abcdef" * 4

Change = Callable[[dict[str, Any]], object]


class Checkout:
    """
    Settings files in a folder of their own. Starts as the committed `local` stack, but with one server and what the committed
    guestbook needs of it.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "projects").mkdir()
        (root / "releases").mkdir()
        self.environment: dict[str, Any] = copy.deepcopy(read_stack_config(ROOT, "local")["environment"])
        for name in ("zones", "backup", "monitoring"):
            del self.environment[name]
        self.environment["servers"] = {"app": self.environment["servers"]["app"]}
        self.project: dict[str, Any] = on_a_volume(yaml.safe_load((ROOT / "projects" / "guestbook.yaml").read_text()))

    def write(self, name: str, content: object) -> None:
        """Write a file as YAML, or bytes as they are."""
        body = content if isinstance(content, bytes) else yaml.safe_dump(content, sort_keys=False, allow_unicode=True).encode()
        (self.root / name).write_bytes(body)

    def add_project(self, name: str = "guestbook", change: Change | None = None) -> None:
        """Write a project like the guestbook, changed."""
        project = copy.deepcopy(self.project) | {"name": name, "domains": [{"subdomain": name}]}
        if change:
            change(project)
        self.write(f"projects/{name}.yaml", project)

    def add_releases(self, **projects: object) -> None:
        """Write the releases file with platform images and these projects."""
        registry = self.environment["registry"]
        platform = {name: f"{registry}/{name}@{DIGEST}" for name in ("caddy", "haproxy")}
        self.write("releases/local.yaml", {"platform": platform, "projects": projects})

    def load(self) -> Settings:
        """Load stack `local` as a caller outside the engine does."""
        self.write("Pulumi.local.yaml", {"config": {"flotilla:environment": self.environment}})
        return load("local", self.root, read_stack_config(self.root, "local"))

    def mistakes(self) -> list[str]:
        """The lines of the error that loading gives."""
        with pytest.raises(SettingsError) as raised:
            self.load()
        return str(raised.value).splitlines()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)
