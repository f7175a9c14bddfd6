"""
What the backup server says of everything is kept, for documents.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops import backup, checkout, cli

ANSWERS: dict[str, dict[str, Any]] = {
    "list": {"sources": [{"project": "a", "source": "volume:b", "at": 1, "size": 2, "backups": 3, "verified_at": None}]},
    "verify": {"records": [{"project": "a", "source": "volume:b", "label": "c", "findings": []}]},
}
ANSWERS["list"]["sources"][0]["offsite_at"] = None
ANSWERS["drill"] = ANSWERS["verify"]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose backup server answers from here."""
    monkeypatch.setattr(checkout, "find", lambda: tmp_path)
    monkeypatch.setattr(backup, "fleet", lambda here, stack: stack)
    monkeypatch.setattr(backup, "ask", lambda known, words: {**ANSWERS[words[0]], "findings": []})
    done = {"findings": [], "report": "reports/operations/x.json"}
    monkeypatch.setattr(backup, "change", lambda here, known, asked, *_, **__: {**ANSWERS[asked.command], **done})
    return tmp_path


def _run(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr("sys.argv", ["flotilla", *words])
    with pytest.raises(SystemExit) as left:
        cli.main()
    assert not left.value.code


@pytest.mark.parametrize(
    ("words", "name", "section"),
    [
        (("backup", "list"), "backup-list", "sources"),
        (("backup", "verify"), "backup-trials", "records"),
        (("drill",), "backup-trials", "records"),
    ],
)
def test_what_was_said_of_everything_is_kept(
    root: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], name: str, section: str
) -> None:
    """With the environment and the time, readable by its owner only."""
    _run(monkeypatch, *words, "-s", "staging")
    path = root / "reports" / f"{name}_report.json"
    found = json.loads(path.read_text())
    assert (found["environment"], found[section]) == ("staging", ANSWERS[words[-1]][section])
    assert found["timestamp"].startswith("20") and path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("words", [("backup", "list", "-p", "a"), ("backup", "verify", "--label", "c"), ("drill", "-p", "a")])
def test_a_part_does_not_take_the_place_of_everything(
    root: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Of one project, or of an older backup: shown, and not kept."""
    _run(monkeypatch, *words, "-s", "staging")
    assert not (root / "reports").exists()
