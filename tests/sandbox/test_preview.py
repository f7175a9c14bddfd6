"""
What is laid out for an offline preview, and what is read from it; the engine itself is in tests/integration.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from ops.errors import SettingsError
from sandbox import workspace
from sandbox.engine_events import Step, parse, read_events
from sandbox.preview import main
from sandbox.preview_difference import Change, compare, extract
from settings.stacks import named_zones

STACK_FILE = {
    "secretsprovider": "hashivault://flotilla",
    "encryptedkey": "abc",
    "config": {
        "flotilla:environment": {"zone": "example.com", "zones": ["example.org"], "port": {"secure": "v1:x", "more": 1}},
        "flotilla:secrets": {"projects": {"ledger": {"KEY": {"secure": "v1:real"}}}, "list": [{"secure": "v1:real"}]},
    },
}


def step(name: str, *, is_protected: bool = False, **inputs: object) -> Step:
    urn = f"urn:pulumi:local::flotilla::t::{name}"
    return Step(operation="create", urn=urn, type="t", inputs=inputs, is_protected=is_protected)


def test_no_encrypted_value_and_no_key_is_left() -> None:
    """Secrets at any depth become placeholders; a mapping that only has a key called secure is none."""
    document = workspace.without_secrets(STACK_FILE, "placeholder")
    assert document.keys() == {"encryptionsalt", "config"}
    assert document["encryptionsalt"] == workspace.SALT
    assert document["config"]["flotilla:secrets"] == {"projects": {"ledger": {"KEY": "placeholder"}}, "list": ["placeholder"]}
    assert document["config"]["flotilla:environment"]["port"] == {"secure": "v1:x", "more": 1}


def test_all_zones_of_the_stack_are_served() -> None:
    """The zone of the environment and the further ones; what is not a name is for the settings to refuse."""
    assert named_zones(STACK_FILE["config"]["flotilla:environment"]) == ["example.com", "example.org"]
    assert named_zones({"zone": 7, "zones": "none"}) == []
    assert named_zones("nothing") == []


def test_the_workspace_holds_copies_of_what_the_engine_writes(tmp_path: Path) -> None:
    """The stack's file is the workspace's own; the rest of the checkout is linked, its state and its keys are not."""
    root = tmp_path / "checkout"
    (root / "projects").mkdir(parents=True)
    (root / ".flotilla").mkdir()
    (root / "Pulumi.staging.yaml").write_text(yaml.safe_dump(STACK_FILE))
    keys = workspace.make_keys(tmp_path)
    made = workspace.Workspace(tmp_path / "workspace", "staging")

    made.lay(root, keys=keys)

    assert not made.configuration.is_symlink()
    assert "v1:real" not in made.configuration.read_text()
    assert (made.project / "projects").resolve() == root / "projects"
    assert (made.project / ".flotilla" / "ssh" / "id_ed25519").is_file()
    assert list((root / ".flotilla").iterdir()) == []
    assert not (made.project / "__main__.py").is_symlink()  # its real path is the program's root


def test_nothing_of_the_callers_credentials_reaches_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens, passphrases and backends of the shell that asks for the preview stay there."""
    for name in ("HCLOUD_TOKEN", "AWS_SECRET_ACCESS_KEY", "PULUMI_CONFIG_PASSPHRASE_FILE", "SSH_AUTH_SOCK", "DOCKER_HOST"):
        monkeypatch.setenv(name, "the caller's")
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://theirs")
    environment = workspace.Workspace(tmp_path, "staging").environment({"HCLOUD_TOKEN": "made up"})
    assert "the caller's" not in environment.values()
    assert environment["HCLOUD_TOKEN"] == "made up"
    assert environment["PULUMI_BACKEND_URL"] == f"file://{tmp_path}/backend"


def test_events_become_steps_messages_and_violations() -> None:
    """Of the engine's log, what happens to resources, what was said, and which policies were not held."""
    metadata = {
        "op": "create",
        "urn": "urn:pulumi:local::flotilla::t::web",
        "type": "t",
        "new": {"inputs": {"a": 1}, "protect": True},
    }
    policy = {
        "policyPackName": "p",
        "policyName": "r",
        "enforcementLevel": "mandatory",
        "message": "<{%reset%}>no",
        "color": "",
    }
    lines = [
        {"sequence": 1, "resourcePreEvent": {"metadata": metadata}},
        {"sequence": 2, "diagnosticEvent": {"severity": "error", "message": "<{%fg 1%}>bad<{%reset%}>\n"}},
        {"sequence": 3, "diagnosticEvent": {"severity": "info", "message": "working", "ephemeral": True}},
        {"sequence": 4, "policyEvent": policy},
        {"sequence": 5, "summaryEvent": {}},
    ]
    events = parse(map(json.dumps, lines))
    assert [(found.operation, found.name, found.inputs, found.is_protected) for found in events.steps] == [
        ("create", "web", {"a": 1}, True)
    ]
    assert [(found.severity, found.message) for found in events.diagnostics] == [("error", "bad")]
    assert [(found.policy, found.level, found.message, found.urn) for found in events.violations] == [
        ("r", "mandatory", "no", "")
    ]


def test_an_engine_that_never_came_to_work_has_no_events(tmp_path: Path) -> None:
    """A missing log is an empty one."""
    assert read_events(tmp_path / "events.jsonl").steps == []


def test_a_difference_names_what_came_went_and_changed() -> None:
    """Properties that changed are named, protection among them; equal resources are not."""
    before = [step("gone"), step("same", a=1), step("edited", a=1, b=2), step("freed", is_protected=True)]
    after = [step("same", a=1), step("edited", a=2, c=3), step("freed"), step("come")]
    assert compare(before, after) == [
        Change(kind="added", type="t", name="come"),
        Change(kind="changed", type="t", name="edited", properties=("a", "b", "c")),
        Change(kind="changed", type="t", name="freed", properties=("protect",)),
        Change(kind="removed", type="t", name="gone"),
    ]
    assert Change(kind="changed", type="t", name="edited", properties=("a", "b")).line() == " ~  t edited: a, b"


def test_an_unknown_revision_is_bad_input(tmp_path: Path) -> None:
    """Git's own words, and what to do; an option in the place of a revision is a name that git does not know."""
    for number, revision in enumerate(("no-such-revision", "--output=/etc/motd")):
        with pytest.raises(SettingsError, match="--diff-against: git does not have this revision"):
            extract(workspace.CHECKOUT, revision, tmp_path / str(number))


def test_a_stack_is_named_by_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    """A path is not followed, and the exit code says that the input was wrong."""
    assert main(["../production"]) == 2
    assert capsys.readouterr().err.startswith("STACK: ")
