"""
The checkout's `.venv`: what is installed again, and when.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops.errors import FlotillaError, MissingToolError
from toolchain import virtualenv


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """
    A checkout with a `.venv` whose Python only writes down how it was called.
    """
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / "pyproject.toml").write_text("")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\n')
    python.chmod(0o755)
    return tmp_path


def calls(checkout: Path) -> str:
    path = checkout / "calls"
    text = path.read_text() if path.exists() else ""
    path.unlink(missing_ok=True)
    return text


def test_an_unchanged_lock_installs_nothing(checkout: Path) -> None:
    """
    The second run starts no process at all.
    """
    virtualenv.provide(checkout, {})
    first = calls(checkout)
    assert "--require-hashes" in first
    assert "-e" in first
    virtualenv.provide(checkout, {})
    assert calls(checkout) == ""


def test_only_what_changed_is_installed(checkout: Path) -> None:
    """
    A changed lock installs the packages, a changed pyproject.toml the checkout.
    """
    virtualenv.provide(checkout, {})
    calls(checkout)
    (checkout / "requirements.lock").write_text("a==1 --hash=sha256:0\n")
    virtualenv.provide(checkout, {})
    assert "--require-hashes" in (said := calls(checkout))
    assert "--no-build-isolation" not in said
    (checkout / "pyproject.toml").write_text("[project]\n")
    virtualenv.provide(checkout, {})
    assert "--no-build-isolation" in (said := calls(checkout))
    assert "--require-hashes" not in said


def test_a_failed_installation_is_tried_again(checkout: Path) -> None:
    """
    The stamp is written last; the error shows what pip said.
    """
    python = checkout / ".venv" / "bin" / "python"
    works = python.read_text()
    python.write_text('#!/bin/sh\n[ "$1" = -c ] && exit 0\necho "no matching distribution"\nexit 1\n')
    with pytest.raises(FlotillaError, match="no matching distribution"):
        virtualenv.provide(checkout, {})
    assert not (checkout / ".venv" / virtualenv.STAMP).exists()
    python.write_text(works)
    virtualenv.provide(checkout, {})
    assert "--require-hashes" in calls(checkout)


@pytest.mark.parametrize("binding", ["checkout", "interpreter"])
def test_an_environment_that_is_bound_elsewhere_is_made_anew(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, binding: str
) -> None:
    """
    A copied checkout must not run the original's Python, nor an upgraded system its old version's packages.
    """
    stamp = checkout / ".venv" / virtualenv.STAMP
    stamp.write_text(json.dumps({**virtualenv.fingerprint(checkout), binding: "/elsewhere"}))
    python = checkout / ".venv" / "bin" / "python"
    script = python.read_text()
    made = []

    def make(folder: Path, environment: object) -> None:
        assert not folder.exists()
        made.append(folder)
        python.parent.mkdir(parents=True)
        python.write_text(script)
        python.chmod(0o755)

    monkeypatch.setattr(virtualenv, "_make", make)
    virtualenv.provide(checkout, {})
    assert made == [checkout / ".venv"]
    assert "--require-hashes" in calls(checkout)


def test_a_python_without_venv_is_named_with_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Where apt-get cannot help, the error says which package it is.
    """
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(virtualenv.sys, "executable", str(python))
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / "pyproject.toml").write_text("")
    with pytest.raises(MissingToolError, match="apt-get install python3-venv"):
        virtualenv.provide(tmp_path, {"PATH": str(tmp_path)})
