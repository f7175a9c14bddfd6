"""
The checkout's folder of executables.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from toolchain import layout
from toolchain.engine import Engine, Origin


@pytest.fixture
def built(tmp_path: Path) -> Engine:
    folder = tmp_path / "cache"
    folder.mkdir()
    for name in ("pulumi", "pulumi-language-python-exec"):
        (folder / name).write_text(name)
        (folder / name).chmod(0o755)
    return Engine(Origin.GO, "3.259.0", folder)


def entries(checkout: Path) -> dict[str, Path]:
    return {path.name: path for path in (checkout / ".flotilla" / "toolchain" / "bin").iterdir()}


def test_a_built_engine_lies_beside_our_language_host(built: Engine, tmp_path: Path) -> None:
    """
    The engine itself is no symbolic link: it looks for its language host beside its real path.
    """
    layout.lay(built, tmp_path)
    found = entries(tmp_path)
    assert set(found) == {"pulumi", "pulumi-language-python", "pulumi-language-python-exec"}
    assert not found["pulumi"].is_symlink()
    assert found["pulumi"].stat().st_ino == (built.folder / "pulumi").stat().st_ino
    assert found["pulumi-language-python"].stat().st_mode & 0o111
    assert json.loads((tmp_path / ".flotilla" / "toolchain" / "engine.json").read_text())["origin"] == "go"


def test_a_second_time_nothing_is_touched(built: Engine, tmp_path: Path) -> None:
    """
    A running engine keeps its files.
    """
    layout.lay(built, tmp_path)
    before = {name: path.lstat().st_ctime_ns for name, path in entries(tmp_path).items()}
    layout.lay(built, tmp_path)
    assert {name: path.lstat().st_ctime_ns for name, path in entries(tmp_path).items()} == before


def test_another_engine_replaces_all_of_it(built: Engine, tmp_path: Path) -> None:
    """
    A release brings its own language host; one on PATH needs nothing here.
    """
    layout.lay(built, tmp_path)
    official = tmp_path / "release"
    official.mkdir()
    for name in ("pulumi", "pulumi-language-python", "pulumi-language-go"):
        (official / name).write_text("official")
    layout.lay(Engine(Origin.RELEASE, "3.259.0", official), tmp_path)
    assert {name: path.readlink() for name, path in entries(tmp_path).items()} == {
        path.name: path for path in official.iterdir()
    }
    layout.lay(Engine(Origin.PATH, "3.259.0", tmp_path), tmp_path)
    assert entries(tmp_path) == {}


def test_the_launcher_bears_any_path(tmp_path: Path) -> None:
    """
    Spaces and quotes in the checkout's path reach the interpreter unharmed.
    """
    checkout = tmp_path / "it's a $(checkout)"
    python = checkout / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    script = tmp_path / "launcher"
    script.write_text(layout.launcher(checkout, tmp_path))
    script.chmod(0o755)
    answer = subprocess.run([script, "127.0.0.1:1"], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == [
        "-I",
        "-S",
        str(checkout / "toolchain" / "language_host" / "__main__.py"),
        str(tmp_path / "pulumi-language-python-exec"),
        "127.0.0.1:1",
    ]
