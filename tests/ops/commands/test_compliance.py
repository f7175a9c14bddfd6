"""
`flotilla compliance` and `flotilla advise` as a shell sees them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, in this checkout and without a terminal."""
    command = [sys.executable, "-m", "ops.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_evidence_is_bundled_and_a_changed_bundle_is_found(tmp_path: Path) -> None:
    """A bundle that was just made is whole; with another byte in a file, checking it ends with 5."""
    place = tmp_path / "evidence"
    made = run("compliance", "-s", "production", "--bundle", str(place), "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["bundle"]["files"] == len([path for path in place.rglob("*") if path.is_file()]) - 1
    assert run("compliance", "--verify", str(place)).returncode == 0
    (place / "compliance.md").write_text("Everything is met.\n")
    spoiled = run("compliance", "--verify", str(place))
    assert spoiled.returncode == 5
    assert "compliance.md: it was changed after the manifest was written" in spoiled.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("compliance", "-s", "production", "--fail-on", "part"), 6),
        (("compliance", "-s", "production", "--fail-on", "perhaps"), 2),
        (("compliance", "-s", "production", "--framework", "pci"), 2),
        (("compliance", "-s", "nowhere"), 2),
        (("advise", "-s", "production", "--project", "nobody"), 2),
    ],
    ids=["at the limit", "no limit", "no framework", "no stack", "no project"],
)
def test_exit_codes(arguments: tuple[str, ...], code: int) -> None:
    """Each with one line that says what to do, and no traceback."""
    done = run(*arguments)
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == 1


def test_a_decision_is_drafted_once(tmp_path: Path) -> None:
    """A draft is written to a new file, and never over one that is there."""
    path = tmp_path / "draft.md"
    assert run("advise", "-s", "production", "--adr", str(path)).returncode == 0
    written = path.read_text()
    assert "## Decision" in written
    assert run("advise", "-s", "production", "--adr", str(path)).returncode == 2
    assert path.read_text() == written
