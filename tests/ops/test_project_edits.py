"""
Edits of projects' files: the one value, and every other byte as people wrote it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ops import project_edits
from ops.errors import SettingsError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The sample fleet's settings."""
    for name in ("projects", "releases"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for path in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(path, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("project", "key", "value", "before", "new"),
    [
        ("guestbook", "limits.memory_mb", "192", "128", "  memory_mb: 192"),
        ("guestbook", "replicas", "2", "1", "replicas: 2"),
        ("journal", "processes.api.limits.memory_mb", "128", "96", "      memory_mb: 128"),
        ("guestbook", "stop_grace_s", "20", None, "stop_grace_s: 20"),
        ("guestbook", "limits.cpus", "0.75", "0.5", "  cpus: 0.75"),
    ],
)
def test_one_line_is_another(checkout: Path, project: str, key: str, value: str, before: str | None, new: str) -> None:
    """Comments and everything else stay."""
    path = checkout / f"projects/{project}.yaml"
    old = path.read_text().splitlines()
    edited = project_edits.change(checkout, project, key, value)
    now = path.read_text().splitlines()

    assert (edited.before, edited.after) == (before, value)
    added = [line for line in now if line not in old]
    assert added == [new]
    assert len(now) - len(old) == (before is None)


@pytest.mark.parametrize(
    ("project", "key", "value", "said"),
    [
        ("shop", "replicas", "2", "there is no such project"),
        ("../releases/local", "replicas", "2", "there is no such project"),
        ("guestbook", "limits; rm -rf /", "2", "this is no key"),
        ("guestbook", "limits.memory_mb", "1: 2\nname: other", "no plain word"),
        ("guestbook", "limits.memory_mb", "$(reboot)", "no plain word"),
        ("guestbook", "limits.memory_mb", "1", "below the minimum"),
        ("guestbook", "limits.memory", "64", "limits.memory cannot be 64"),
        ("guestbook", "domains.name", "a.example.com", "cannot be edited line by line"),
        ("guestbook", "health.command", "true", "no plain value in a line of its own"),
        ("guestbook", "name", "other", "name cannot be other"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_changed(
    checkout: Path, project: str, key: str, value: str, said: str
) -> None:
    """Whoever reads the message knows what to do."""
    before = {path: path.read_bytes() for path in (checkout / "projects").iterdir()}

    with pytest.raises(SettingsError, match="Nothing was changed") as caught:
        project_edits.change(checkout, project, key, value)
    assert said in str(caught.value)
    assert {path: path.read_bytes() for path in (checkout / "projects").iterdir()} == before


def test_a_block_that_is_not_there_is_made() -> None:
    """At the end of what is around it, and the comment after a value stays behind it."""
    text = "name: a\nlimits:\n  cpus: 1  # enough\n\n# The last word.\nreplicas: 1\n"

    assert project_edits.edited(text, ["limits", "memory_mb"], "64", "a")[0] == text.replace(
        "# enough\n", "# enough\n  memory_mb: 64\n"
    )
    assert project_edits.edited(text, ["limits", "cpus"], "2", "a")[0] == text.replace("cpus: 1", "cpus: 2")
    assert project_edits.edited(text, ["slo", "latency_ms"], "5", "a")[0] == text + "slo:\n  latency_ms: 5\n"
