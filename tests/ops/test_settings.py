"""
`flotilla settings`: what is found without the engine.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ops import checkout, cli, settings
from ops.errors import SettingsError

FLEET = Path(__file__).parents[1] / "cases" / "settings" / "fleet"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with the complete fleet on one stack."""
    shutil.copytree(FLEET, tmp_path, dirs_exist_ok=True)
    return tmp_path


def _run(monkeypatch: pytest.MonkeyPatch, root: Path, *words: str) -> int:
    """Run the command on another checkout, and return its exit code."""
    monkeypatch.setattr(checkout, "CODE", root)
    monkeypatch.chdir(root)
    monkeypatch.setattr("sys.argv", ["flotilla", "settings", *words])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return int(left.value.code or 0)


def test_valid_stack(root: Path) -> None:
    """A valid stack has its projects and those that are served."""
    [found] = settings.check(root, "local")
    assert (found.problems, found.projects, found.served) == ([], ["ledger", "site", "sync"], ["ledger", "sync"])
    settings.require_valid([found])


def test_every_stack_is_checked(root: Path) -> None:
    """Without a stack, each that has a file is checked, and what several have in common is said once."""
    (root / "projects" / "site.yaml").write_text("name: site\n")
    checked = settings.check(root)
    assert [found.stack for found in checked] == ["local", "staging"]
    with pytest.raises(SettingsError) as raised:
        settings.require_valid(checked)
    lines = str(raised.value).splitlines()
    assert len([line for line in lines if "projects/site.yaml:1: owner: this is missing" in line]) == 1
    assert any(line.startswith("Pulumi.staging.yaml:2: flotilla:environment: this is missing") for line in lines)


def test_unknown_stack(root: Path) -> None:
    """A stack without a file is one clear error, and so is a folder without any."""
    with pytest.raises(SettingsError, match=r"Pulumi\.nowhere\.yaml: there is no such file"):
        settings.check(root, "nowhere")
    with pytest.raises(SettingsError, match=r"there is no Pulumi\.<stack>\.yaml"):
        settings.check(root / "projects")


def test_mistakes_as_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], root: Path) -> None:
    """Mistakes are lines on standard error, and the exit code is 2."""
    (root / "projects" / "site.yaml").write_text("name: site\n")
    assert _run(monkeypatch, root, "check", "-s", "local") == 2
    assert "projects/site.yaml:1: owner: this is missing. Nothing was changed." in capsys.readouterr().err


def test_mistakes_as_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], root: Path) -> None:
    """Programs get each mistake in its parts, and the same exit code."""
    (root / "projects" / "sync.yaml").write_text("name: sync\nowner: me\nkind: worker\nimage: sync\nreplicas: 0\n")
    assert _run(monkeypatch, root, "check", "--stack", "local", "--json") == 2
    [stack] = json.loads(capsys.readouterr().out)["stacks"]
    [problem] = stack["problems"]
    assert (stack["stack"], stack["projects"]) == ("local", [])
    assert problem == {
        "file": "projects/sync.yaml",
        "line": 5,
        "path": "replicas",
        "fact": "0 is below the minimum of 1",
        "next_step": "Raise it",
    }


def test_valid_settings_exit_with_0(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], root: Path) -> None:
    """Nothing wrong: a table of the stacks, nothing on standard error."""
    assert _run(monkeypatch, root, "check", "-s", "local") == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[1].split() == ["local", "valid", "3", "2"]
    assert said.err == ""


def test_schemas_are_written(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], root: Path) -> None:
    """The schemas go to docs/schema, or where they are wanted; the second time nothing changes."""
    assert _run(monkeypatch, root, "schema") == 0
    assert {path.name for path in (root / "docs" / "schema").iterdir()} == {"stack.json", "project.json", "releases.json"}
    assert _run(monkeypatch, root, "schema", "--out", str(root / "docs" / "schema"), "--json") == 0
    said = capsys.readouterr().out
    assert [row["is_new"] for row in json.loads(said[said.index("{") :])["schemas"]] == [False] * 3
