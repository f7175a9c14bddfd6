"""
`flotilla secrets set` with the real engine: encrypted, recorded, and put back where it fails.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops import secrets
from ops import stack as stacks
from ops.confirm import Approval, Level
from ops.mutation import OperationFailedError
from sandbox.workspace import CHECKOUT, Workspace, make_keys
from settings.loading import read_stack_config
from settings.secret_records import read_records, set_on

STACK, PATH, VALUE = "local", ("projects", "ledger", "API_TOKEN"), "line one\nc4nary = value"
AGREED = Approval(level=Level.IMPORTANT, reason="test")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """
    A stack of the sample fleet in a backend of its own.
    """
    made = Workspace(tmp_path / "workspace", STACK)
    made.lay(CHECKOUT, keys=make_keys(tmp_path))
    (made.project / "reports").unlink(missing_ok=True)
    # The real one, with its comments.
    shutil.copy(CHECKOUT / made.configuration.name, made.configuration)
    monkeypatch.setattr(stacks, "environment_of_state", lambda _: known(made))
    _pulumi(made, "stack", "init", STACK)
    return made


def known(made: Workspace) -> dict[str, str]:
    """
    What the engine is told, with the sandbox's passphrase.
    """
    passphrase = (CHECKOUT / "sandbox" / "passphrase").read_text().strip()
    return {**made.environment({}), "PULUMI_CONFIG_PASSPHRASE": passphrase}


def _pulumi(made: Workspace, *words: str) -> str:
    command = ["pulumi", *words, "--non-interactive"]
    return subprocess.run(command, cwd=made.project, env=known(made), check=True, capture_output=True, text=True).stdout


def test_a_value_is_encrypted_and_its_day_is_known(workspace: Workspace) -> None:
    """The engine reads it back, other secrets stay as they were, and the value is in no file and no report."""
    before = read_stack_config(workspace.project, STACK)
    request = secrets.Request(checkout=workspace.project, stack=STACK, path=PATH, value=VALUE)
    report = secrets.set_value(request, AGREED)
    after = read_stack_config(workspace.project, STACK)
    records, findings = read_records(after["secret_records"])
    shown = _pulumi(workspace, "config", "get", "--path", "flotilla:secrets.projects.ledger.API_TOKEN", "-s", STACK)
    assert (report["status"], findings) == ("done", [])
    assert set_on(PATH, after["secrets"], records) == datetime.now(UTC).date()
    assert shown.removesuffix("\n") == VALUE
    assert after["secrets"]["key"] == before["secrets"]["key"]
    assert after["environment"] == before["environment"]
    written = json.dumps(report) + "".join(
        path.read_text(errors="replace") for path in workspace.folder.rglob("*.json*") if path.is_file()
    )
    assert "# Elsewhere than the data that it backs up." in workspace.configuration.read_text()
    assert "c4nary" not in written + workspace.configuration.read_text()


def test_a_failure_leaves_the_file_as_it_was(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the engine cannot encrypt, nothing is changed, and what it says has no value in it."""
    before = workspace.configuration.read_bytes()
    wrong = {**known(workspace), "PULUMI_CONFIG_PASSPHRASE": "wrong"}
    monkeypatch.setattr(stacks, "environment_of_state", lambda _: wrong)
    request = secrets.Request(checkout=workspace.project, stack=STACK, path=PATH, value=VALUE)
    with pytest.raises(OperationFailedError) as failed:
        secrets.set_value(request, AGREED)
    assert "c4nary" not in str(failed.value)
    assert workspace.configuration.read_bytes() == before
