"""
What `--fix` does by itself, and what it never does: real git, real edits, a real remote.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ops.verdict import fixing

ROOT = Path(__file__).parents[3]
MEMORY = "flotilla project set guestbook limits.memory_mb 192"
TOO_LITTLE = "flotilla project set journal limits.memory_mb 1"
HOST = "flotilla host ssh -s local app-1 -- docker start seeded"
CHECK = [["flotilla", "settings", "check"]]


def action(command: str, priority: str = "HIGH") -> dict[str, str]:
    return {
        "check": "prod",
        "priority": priority,
        "action": "guestbook:web: killed",
        "command": command,
        "details": "OOMKilled",
    }


def report(*actions: dict[str, str], status: str = "CRITICAL") -> dict[str, Any]:
    return {"environment": "local", "status": status, "actions": list(actions)}


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.com", *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This checkout's code and settings as a repository of its own, with a remote."""
    for name in ("AUTO_COMMIT", "SKIP_PUSH"):
        monkeypatch.delenv(name, raising=False)
    here = tmp_path / "here"
    here.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    for name in listed.stdout.splitlines():
        if name.startswith(("ops/", "settings/", "projects/", "releases/", "Pulumi", ".gitignore", "sandbox/", "hosts/")):
            (here / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, here / name)
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(here, "init", "-q", "-b", "main")
    git(here, "add", "-A")
    git(here, "commit", "-qm", "start")
    git(here, "remote", "add", "origin", str(tmp_path / "remote.git"))
    return here


@pytest.mark.parametrize(
    ("command", "is_edit"),
    [
        (MEMORY, True),
        (".venv/bin/python -m settings.reference", True),
        ("flotilla settings schema", True),
        (HOST, False),
        ("flotilla host converge -s local app-1", False),
        ("pulumi up -s local", False),
        ("flotilla project setup x", False),
        (".venv/bin/python -m ops.cli", False),
        ("rm -rf /", False),
        ("flotilla project 'set guestbook", False),
        ("", False),
    ],
)
def test_only_what_edits_the_tree_is_done(command: str, is_edit: bool) -> None:
    """Everything else is for people, whatever it looks like."""
    assert fixing.edits_the_tree(command) is is_edit


def test_a_critical_report_becomes_a_branch_with_a_commit_a_fix(checkout: Path) -> None:
    """HIGH first; one that does not pass is taken back; the open tree and its changes stay; the branch is pushed as it is."""
    (checkout / "projects/ledger.yaml").open("a").write("# being edited\n")
    found = report(
        action(HOST), action(TOO_LITTLE, "MEDIUM"), action(MEMORY), action("flotilla project set ledger replicas 2", "LOW")
    )
    result = fixing.fix(checkout, found, "local", CHECK)
    branch = result["branch"]

    assert [(row["command"], row["status"]) for row in result["fixes"]] == [
        (HOST, "listed"),
        (MEMORY, "done"),
        (TOO_LITTLE, "failed"),
        ("flotilla project set ledger replicas 2", result["fixes"][3]["status"]),
    ]
    assert "below the minimum" in result["fixes"][2]["detail"]
    assert git(checkout, "branch", "--show-current") == "main"
    assert git(checkout, "status", "--porcelain", "--untracked-files=no") == "M projects/ledger.yaml"
    assert "+  memory_mb: 192" in git(checkout, "show", result["fixes"][1]["commit"])
    assert "priority HIGH: OOMKilled" in git(checkout, "log", "--format=%B", f"main..{branch}")
    assert git(checkout, "worktree", "list").count("\n") == 0
    assert result["pushed"] == "origin"
    assert git(checkout, "ls-remote", "origin").split() == [git(checkout, "rev-parse", branch), f"refs/heads/{branch}"]
    assert result["next_steps"][0].startswith(f"Review origin/{branch}")
    (kept,) = (checkout / "reports/fixes").iterdir()
    assert json.loads(kept.read_text()) == result


@pytest.mark.parametrize(
    ("found", "variables"),
    [
        (report(action(MEMORY), status="DEGRADED"), {}),
        (report(action(MEMORY)), {"AUTO_COMMIT": "0"}),
        (report(action(HOST)), {}),
        (report(), {}),
    ],
    ids=["degraded", "AUTO_COMMIT=0", "nothing that edits the tree", "nothing"],
)
def test_otherwise_it_is_a_list_only(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, found: dict[str, Any], variables: dict[str, str]
) -> None:
    """No branch, no commit."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = fixing.fix(checkout, found, "local", CHECK)

    assert (result["branch"], {row["status"] for row in result["fixes"]} - {"listed"}) == ("", set())
    assert git(checkout, "branch", "--list") == "* main"
    assert git(checkout, "status", "--porcelain") == ""


def test_nothing_is_pushed_where_it_is_not_wanted(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SKIP_PUSH keeps the branch here; a fix that changes nothing leaves none."""
    monkeypatch.setenv("SKIP_PUSH", "1")
    result = fixing.fix(checkout, report(action(MEMORY)), "local", CHECK)

    assert (result["pushed"], git(checkout, "ls-remote", "origin")) == ("", "")
    same = fixing.fix(checkout, report(action("flotilla project set guestbook limits.memory_mb 128")), "local", CHECK)
    assert (same["branch"], same["fixes"][0]["status"]) == ("", "needless")


def test_a_check_that_fails_takes_the_fix_back(checkout: Path) -> None:
    """The reason is told, and no branch is left."""
    result = fixing.fix(checkout, report(action(MEMORY)), "local", [["flotilla", "settings", "check", "-s", "nowhere"]])

    assert (result["branch"], result["fixes"][0]["status"]) == ("", "failed")
    assert "ended with 2" in result["fixes"][0]["detail"]


def test_nothing_is_ever_forced() -> None:
    """No git command of it has a way to overwrite what others pushed."""
    source = Path(fixing.__file__).read_text()
    pushes = [line for line in source.splitlines() if '"push"' in line]

    assert pushes and not [line for line in pushes if "force" in line or '"-f"' in line or '"+' in line]
