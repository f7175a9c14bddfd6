"""
Previews of committed stacks on the real engine: offline, without credentials, and without a trace in the checkout.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from ops.errors import SettingsError
from sandbox.preview import Result, preview
from sandbox.workspace import CHECKOUT

COMMITTED = ("Pulumi.local.yaml", "Pulumi.staging.yaml", "Pulumi.production.yaml", "projects", "releases")
# How the engine shows a secret value.
SHOWN_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "[secret]"}
PROGRAM = """\
import os
import pulumi
config = pulumi.Config("flotilla")
pulumi.log.info("secret: " + ("yes" if config.get_secret("token") is not None else "no"))
pulumi.log.info("environment: " + " ".join(sorted(os.environ)))
class Thing(pulumi.ComponentResource):
    def __init__(self):
        super().__init__("flotilla:test:Thing", "thing", {"secret": config.get_secret_object("nested")})
Thing()
"""
PACK = """\
from pulumi_policy import EnforcementLevel, PolicyConfigSchema, PolicyPack, ResourceValidationPolicy
SCHEMA = PolicyConfigSchema({"word": {"type": "string"}})
def rule(args, report):
    if args.resource_type == "flotilla:test:Thing":
        report(f"there is a thing; password {args.get_config()['word']}")
PolicyPack("strict", enforcement_level=EnforcementLevel.LEVEL, policies=[
    ResourceValidationPolicy("no-things", "Things are not wanted.", rule, config_schema=SCHEMA)
])
"""


def tree() -> str:
    """
    What git sees in the checkout, ignored files of the engine's kind included.
    """
    command = ["git", "status", "--porcelain", "--ignored", "--", "*.yaml", ".flotilla", ".pulumi"]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def settings_folder(tmp_path: Path) -> Path:
    """
    The committed settings in a folder of their own.
    """
    for name in COMMITTED:
        source = CHECKOUT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    (tmp_path / "releases" / "local.yaml").unlink(missing_ok=True)
    return tmp_path


@pytest.mark.parametrize("stack", ["local", "staging", "production"])
def test_each_stack_previews_with_nothing_but_the_checkout(stack: str, settings_folder: Path) -> None:
    """No sandbox, no release of stack local, no state: everything is to be created, servers and services."""
    result = preview(stack, root=settings_folder)
    assert result.exit_code == 0, result.output
    assert {step.operation for step in result.steps} == {"create"}
    assert {"hcloud:index/server:Server", "pulumi:providers:docker"} <= {step.type for step in result.steps}
    assert not [found for found in result.diagnostics if found.severity == "error"]


def test_the_command_needs_no_docker_and_leaves_nothing(tmp_path: Path) -> None:
    """With Docker out of reach, in the checkout itself, and with credentials that must not be used: git sees no difference."""
    before = tree()
    environment = {
        **os.environ,
        "DOCKER_HOST": "unix:///nowhere",
        "TMPDIR": str(tmp_path),
        "PULUMI_BACKEND_URL": "s3://not-to-be-asked",
        "PULUMI_CONFIG_PASSPHRASE": "wrong",
    }
    command = [sys.executable, "-m", "sandbox.preview", "production", "--json"]
    process = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["steps"]
    assert tree() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("flotilla-preview")] == []


def test_two_at_once_do_not_meet(settings_folder: Path) -> None:
    """Each has its own state, home and clouds."""
    stacks = ["staging", "production"]
    with ThreadPoolExecutor(2) as pool:
        results: list[Result] = list(pool.map(lambda stack: preview(stack, root=settings_folder), stacks))
    assert [result.exit_code for result in results] == [0, 0], [result.output for result in results]
    assert [result.steps[0].urn.split("::")[0] for result in results] == [f"urn:pulumi:{stack}" for stack in stacks]


def test_secrets_are_placeholders_that_stay_secret(tmp_path: Path) -> None:
    """A stack whose passphrase nobody here has previews, and the program gets secrets in the places of the real ones."""
    (tmp_path / "Pulumi.production.yaml").write_text(
        yaml.safe_dump(
            {
                "encryptionsalt": "v1:AAAAAAAAAAA=:v1:AAAAAAAAAAAAAAAA:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
                "config": {"flotilla:token": {"secure": "v1:AAAA:AAAA"}, "flotilla:nested": {"a": {"b": {"secure": "v1:A:B"}}}},
            }
        )
    )
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    result = preview("production", root=tmp_path, program=program)
    assert result.exit_code == 0, result.output
    messages = [found.message for found in result.diagnostics]
    assert "secret: yes" in messages
    assert not any("AWS" in message for message in messages if message.startswith("environment:"))
    (thing,) = [step for step in result.steps if step.type == "flotilla:test:Thing"]
    assert "placeholder.invalid" not in json.dumps(thing.inputs)
    assert thing.inputs["secret"] == SHOWN_SECRET


@pytest.mark.parametrize(("level", "code"), [("MANDATORY", 4), ("ADVISORY", 0)])
def test_a_policy_that_is_not_held_has_its_own_exit_code(tmp_path: Path, level: str, code: int) -> None:
    """Mandatory is 4, advisory is 0; both are told with rule and resource, and the pack gets its configuration."""
    (tmp_path / "Pulumi.staging.yaml").write_text("config: {}\n")
    program, pack, config = tmp_path / "program.py", tmp_path / "pack", tmp_path / "config.json"
    program.write_text(PROGRAM)
    config.write_text(json.dumps({"no-things": {"word": "friend"}}))
    pack.mkdir()
    (pack / "__main__.py").write_text(PACK.replace("LEVEL", level))
    (pack / "PulumiPolicy.yaml").write_text(
        textwrap.dedent(f"""\
            runtime:
              name: python
              options: {{virtualenv: {CHECKOUT}/.venv}}
            """)
    )
    result = preview("staging", root=tmp_path, program=program, packs=[pack], pack_configs=[config])
    assert result.exit_code == code, result.output
    (found,) = result.violations
    assert (found.pack, found.policy, found.level) == ("strict", "no-things", level.lower())
    assert "there is a thing; password friend" in found.message
    assert found.urn.endswith("flotilla:test:Thing::thing")


def test_mistakes_in_settings_are_told_at_once(settings_folder: Path) -> None:
    """All of them, before the engine is started, and as bad input."""
    path = settings_folder / "Pulumi.staging.yaml"
    path.write_text(path.read_text().replace("flotilla:environment:", "flotilla:environment:\n    colour: red\n    size: big"))
    with pytest.raises(SettingsError) as refused:
        preview("staging", root=settings_folder)
    assert "colour" in str(refused.value)
    assert "size" in str(refused.value)


def test_a_program_that_fails_is_a_failure(tmp_path: Path) -> None:
    """Exit code 1, with what the program said."""
    (tmp_path / "Pulumi.staging.yaml").write_text("config: {}\n")
    program = tmp_path / "program.py"
    program.write_text("raise SystemExit('out of ideas')\n")
    result = preview("staging", root=tmp_path, program=program)
    assert result.exit_code == 1
    assert "out of ideas" in result.output


def test_a_change_is_told_against_another_revision(tmp_path: Path) -> None:
    """A larger disk is one changed property, where each preview by itself says that everything is created."""
    checkout = tmp_path / "checkout"
    subprocess.run(["git", "clone", "--quiet", str(CHECKOUT), str(checkout)], check=True)
    (checkout / ".flotilla").symlink_to(CHECKOUT / ".flotilla")
    path = checkout / "Pulumi.staging.yaml"
    document = yaml.safe_load(path.read_text())
    pool = next(pool for pool in document["config"]["flotilla:environment"]["servers"].values() if pool.get("volume_gb"))
    pool["volume_gb"] += 10
    path.write_text(yaml.safe_dump(document))
    command = [sys.executable, "-m", "sandbox.preview", "staging", "--json", "--diff-against", "HEAD"]
    process = subprocess.run(command, cwd=checkout, capture_output=True, text=True, timeout=300, check=False)
    assert process.returncode == 0, process.stderr
    changes = json.loads(process.stdout)["changes"]
    disks = [change for change in changes if change["type"] == "hcloud:index/volume:Volume"]
    assert disks
    assert all((change["kind"], change["properties"]) == ("changed", ["size"]) for change in disks)
    assert not [change for change in changes if change["kind"] != "changed"]
