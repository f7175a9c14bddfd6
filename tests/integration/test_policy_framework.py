"""
Policy packs under the real engine: a bad program is stopped, waivers hold and end, remedies mend, unknown values wait.

The programs' resources are components with the cloud's types: the engine shows them to packs as it does any other, and no
provider is needed.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
ENGINE = CHECKOUT / ".flotilla" / "toolchain"
PACK = CHECKOUT / "policies" / "security"
HEAD = """
import pulumi

class Thing(pulumi.ComponentResource):
    def __init__(self, kind, name, opts=None, **props):
        super().__init__(kind, name, props, opts)
        self.register_outputs({})

def firewall(name, source):
    rule = {"direction": "in", "protocol": "tcp", "port": "22", "sourceIps": [source]}
    Thing("hcloud:index/firewall:Firewall", name, rules=[rule])

"""
OPEN = HEAD + 'firewall("office", "203.0.113.0/28")\nfirewall("front-door", "0.0.0.0/0")\n'


@dataclass(frozen=True)
class Project:
    """
    A Pulumi project called flotilla in a folder of its own, with one stack, production.
    """

    folder: Path
    environment: dict[str, str]

    def preview(self, program: str, *arguments: str, waivers: list[dict[str, object]] | None = None) -> tuple[int, str]:
        """Exit code and all that the engine printed."""
        (self.folder / "__main__.py").write_text(program)
        path = self.folder / "Pulumi.production.yaml"
        document = yaml.safe_load(path.read_text()) if path.exists() else {}
        document = {**(document or {}), "config": {"flotilla:environment": {"name": "production", "waivers": waivers or []}}}
        path.write_text(yaml.safe_dump(document))
        return self.pulumi("preview", "-s", "production", "--policy-pack", str(PACK), *arguments)

    def pulumi(self, *arguments: str) -> tuple[int, str]:
        """Run it here."""
        answer = subprocess.run(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return answer.returncode, answer.stdout + answer.stderr


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for all programs: a preview leaves nothing behind."""
    assert (ENGINE / "engine.json").is_file(), "no engine is set up: run `python3 toolchain/setup.py`"
    root = tmp_path_factory.mktemp("policies")
    for name in ("project", "state", "home"):
        (root / name).mkdir()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")},
        "PATH": f"{ENGINE / 'bin'}:{os.environ['PATH']}",
        "PULUMI_HOME": str(root / "home"),
        "PULUMI_BACKEND_URL": f"file://{root / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "a passphrase for this test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    made = Project(root / "project", environment)
    options = {"virtualenv": str(CHECKOUT / ".venv")}
    project = {"name": "flotilla", "runtime": {"name": "python", "options": options}}
    (made.folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    code, said = made.pulumi("stack", "init", "production")
    assert code == 0, said
    return made


def waiver(**fields: object) -> dict[str, object]:
    """
    A waiver of the open door that holds for a month more.
    """
    until = date.today() + timedelta(days=30)
    known = {"rule": "ssh-open-to-world", "resource": "front-*", "reason": "the move", "owner": "alice", "until": until}
    return {**known, **fields}


def test_a_bad_program_is_stopped_with_rule_resource_and_remedy(project: Project) -> None:
    """
    The exit code says no; what is printed says what, where, and what to do. What is right is not mentioned.
    """
    code, said = project.preview(OPEN)
    assert code != 0
    assert "[mandatory]  ssh-open-to-world" in said
    assert "front-door: tcp port 22 is open to 0.0.0.0/0." in said
    assert "List the administrators' ranges in `access.sources`" in said
    assert "office:" not in said


def test_a_good_program_passes_in_silence(project: Project) -> None:
    """
    Not even an advisory.
    """
    code, said = project.preview(HEAD + 'firewall("office", "203.0.113.0/28")\n')
    assert code == 0, said
    assert "✅ flotilla-security" in said
    assert "advisory" not in said


def test_a_waiver_lets_the_plan_pass_and_stays_visible(project: Project) -> None:
    """
    The engine hands the stack's settings to the pack before the first resource.
    """
    code, said = project.preview(OPEN, waivers=[waiver()])
    assert code == 0, said
    assert "[advisory]  ssh-open-to-world" in said
    assert f"waived by alice until {date.today() + timedelta(days=30)}: the move" in said


def test_an_expired_waiver_stops_the_plan(project: Project) -> None:
    """
    Both the finding and the waiver are told.
    """
    code, said = project.preview(OPEN, waivers=[waiver(until=date.today() - timedelta(days=1))])
    assert code != 0
    assert "[mandatory]  ssh-open-to-world" in said
    assert "[mandatory]  waiver-expired" in said


def test_waivers_of_nothing_and_of_no_rule_are_told(project: Project) -> None:
    """
    Advice: the plan goes on.
    """
    program = HEAD + 'firewall("office", "203.0.113.0/28")\n'
    code, said = project.preview(program, waivers=[waiver(), waiver(rule="no-such-rule")])
    assert code == 0, said
    assert said.count("[advisory]  waiver-unused") == 2
    assert "no rule has this id" in said


def test_a_remedy_is_applied_and_told(project: Project) -> None:
    """
    A volume without protection gets it; the rule then has nothing to say.
    """
    program = HEAD + 'Thing("hcloud:index/volume:Volume", "data", pulumi.ResourceOptions(protect=True), size=10)\n'
    code, said = project.preview(program, "--diff")
    assert code == 0, said
    assert "[remediate]  volume-delete-protection" in said


def test_configuration_of_the_pack_reaches_its_rules(project: Project, tmp_path: Path) -> None:
    """
    Level and options come from a file; the schema's defaults fill in the rest.
    """
    config = tmp_path / "pack.json"
    config.write_text(json.dumps({"ssh-open-to-world": {"enforcementLevel": "advisory"}}))
    code, said = project.preview(OPEN, "--policy-pack-config", str(config))
    assert code == 0, said
    assert "[advisory]  ssh-open-to-world" in said
    config.write_text(json.dumps({"ssh-open-to-world": {"ports": [2222]}}))
    code, said = project.preview(OPEN, "--policy-pack-config", str(config))
    assert (code, "ssh-open-to-world" in said) == (0, False), said


def test_an_unknown_value_waits_and_hides_nothing_beside_it(project: Project) -> None:
    """
    Pulumi's own proxies would give up the whole resource at the unknown source.
    """
    program = HEAD + "unknown = pulumi.Output.from_input(pulumi.UNKNOWN)\n" + 'firewall("later", unknown)\n'
    code, said = project.preview(program)
    assert (code, "later:" in said, "can't run policy" in said) == (0, False, False), said
    beside = (
        'rule = {"direction": "in", "protocol": "tcp", "port": "22", "sourceIps": [unknown, "::/0"]}\n'
        'Thing("hcloud:index/firewall:Firewall", "later", rules=[rule])\n'
    )
    code, said = project.preview(program.replace('firewall("later", unknown)\n', beside))
    assert code != 0
    assert "later: tcp port 22 is open to ::/0." in said


def test_components_inputs_reach_both_kinds_of_rules(project: Project) -> None:
    """
    Rules over the stack too, although the engine sends outputs to these.
    """
    program = HEAD + 'Thing("flotilla:ingress:Site", "shop", httpsOnly=True)\n'
    for name in ("alice", "bob"):
        program += f'Thing("hcloud:index/sshKey:SshKey", "{name}", publicKey="ssh-ed25519 AAAA")\n'
    code, said = project.preview(program)
    assert code != 0
    assert "[mandatory]  site-without-hsts" in said
    assert "site-plain-http" not in said
    assert "bob: it is the same key as alice" in said or "alice: it is the same key as bob" in said


def test_a_secret_in_the_outputs_stops_the_plan(project: Project) -> None:
    """
    Whatever its name, when Pulumi knows it as a secret.
    """
    code, said = project.preview(HEAD + 'pulumi.export("greeting", pulumi.Output.secret("hunter22"))\n')
    assert code != 0
    assert "the output greeting is a secret of Pulumi's" in said
    assert "hunter22" not in said
