"""
What the sandbox's fast tests share: no Docker, a cache folder of their own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.instance import Instance, identity


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder that no other instance of this machine has claims in, and no Docker to be asked."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    return folder


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    """An instance in a block that no allocation reaches while tests run: they are given out from 0 upwards."""
    return Instance(identity(tmp_path), tmp_path, 253)
