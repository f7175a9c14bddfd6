"""
`flotilla secrets set` as it is told of: each command that messages and pages name, in the situation in which they name it, as
a person or a script runs it, on the real engine.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from ops.runbooks.growing import environment_new
from ops.runbooks.names import of
from settings import load, read_stack_config
from tests.e2e.conftest import ROOT, copy_checkout
from tests.terminal import terminal

STACK, PASSPHRASE, NEW_PASSPHRASE = "production", "replace me: production", "a new one of theirs"
VALUE = "https://c4nary.example.com/as-long-as-an-address-and-a-key-have-to-be"
PROGRAM = """#!/bin/sh
PYTHONPATH={checkout} exec {checkout}/.venv/bin/python -m ops.cli "$@"
"""
REFUSED, BAD_INPUT, MISSING = 3, 2, 7


@dataclass(frozen=True)
class Shell:
    """
    A checkout of its own, in which lines are run after `. ./env.sh`.
    """

    checkout: Path

    def run(self, line: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """
        Without a terminal; `given` is what is piped into the line.
        """
        argv = ["bash", "-c", f". ./env.sh 2>/dev/null; {line}"]
        return subprocess.run(argv, cwd=self.checkout, input=given, capture_output=True, text=True, timeout=120, check=False)

    def good(self, line: str, given: str = "") -> str:
        """
        What a line shows that ends well.
        """
        answer = self.run(line, given)
        assert answer.returncode == 0, f"{line}: {answer.stdout}{answer.stderr}"
        return answer.stdout

    @property
    def file(self) -> Path:
        """
        Where the stack is written down.
        """
        return self.checkout / f"Pulumi.{STACK}.yaml"

    def states(self) -> dict[str, str]:
        """
        {secret: whether its age is known}.
        """
        rows = json.loads(self.good(f"flotilla secrets list -s {STACK} --json"))["secrets"]
        return {row["name"]: row["state"] for row in rows}


@pytest.fixture
def bare(tmp_path: Path) -> Shell:
    """
    A checkout that was set up, and no more.
    """
    checkout = copy_checkout(tmp_path / "checkout")
    (checkout / ".flotilla").mkdir()
    (checkout / ".flotilla" / "toolchain").symlink_to(ROOT / ".flotilla" / "toolchain")
    packages = checkout / ".venv"
    (packages / "bin").mkdir(parents=True)
    for name in ("lib", "pyvenv.cfg", "bin/python"):
        (packages / name).symlink_to(Path(sys.prefix) / name)
    program = packages / "bin" / "flotilla"
    program.write_text(PROGRAM.format(checkout=shlex.quote(str(checkout))))
    program.chmod(0o755)
    return Shell(checkout)


@pytest.fixture
def shell(bare: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """
    One whose state is in a folder of its own, where no stack is yet.
    """
    (tmp_path / "state").mkdir()
    for name in [name for name in os.environ if name.startswith("PULUMI_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/state")
    return bare


@pytest.fixture
def stack(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """
    One that has production, as it is committed.
    """
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    shell.good(f"pulumi stack init {STACK} --non-interactive")
    return shell


def named(text: str) -> list[str]:
    """The commands in a text that set a secret."""
    return re.findall(r"`((?:openssl [^`|]*\| )?flotilla secrets set [^`]*)`", text)


def test_what_settings_say_works_while_they_are_invalid(stack: Shell) -> None:
    """
    No secret has a value: each is named with its command, and each command is run as it stands while all the others are
    missing still. In the end settings are valid, and each secret has an age.
    """
    before = stack.states()
    stack.good(f"pulumi config rm -s {STACK} flotilla:secrets")
    wrong = stack.run(f"flotilla settings check -s {STACK}")
    commands = named(wrong.stderr)

    assert (wrong.returncode, len(commands), len(set(commands))) == (BAD_INPUT, len(before), len(before)), wrong.stderr
    for number, command in enumerate(commands[:-1]):
        stack.good(command, f"{VALUE}-{number}\n")
    assert named(stack.run(f"flotilla settings check -s {STACK}").stderr) == commands[-1:]
    stack.good(commands[-1], VALUE)
    stack.good(f"flotilla settings check -s {STACK}")
    assert stack.states() == dict.fromkeys(before, "good")
    assert VALUE not in stack.file.read_text()


def test_a_secret_in_plain_is_replaced(stack: Shell) -> None:
    """Somebody wrote one into the file as it is. The command that the message names encrypts another one in its place."""
    stack.good(f"pulumi config set -s {STACK} --path flotilla:secrets.notifications.ops plain-c4nary")
    wrong = stack.run(f"flotilla settings check -s {STACK}")
    [command] = named(wrong.stderr)
    stack.good(command, VALUE)

    assert "c4nary" not in stack.file.read_text()
    assert stack.states()["notifications.ops"] == "good"


@pytest.mark.parametrize("block", ["'no block'", "{projects: no block}", "{projects: {ledger: no block}}", "[]"])
def test_what_is_no_block_goes_first(stack: Shell, block: str) -> None:
    """The engine writes nothing below it: it is to be removed, as the message says, and then the command works."""
    document = stack.file.read_text()
    head, _, rest = document.partition("  flotilla:secrets:\n")
    tail = re.sub(r"\A(?:    .*\n)+", "", rest)
    stack.file.write_text(f"{head}  flotilla:secrets: {block}\n{tail}")
    wrong = stack.run(f"flotilla settings check -s {STACK}")
    assert "Remove it from the file; then set each secret by its own name" in wrong.stderr

    stack.file.write_text(f"{head}{tail}")
    [command] = {line for line in named(wrong.stderr) if "<project>" in line}
    stack.good(command.replace("<project>", "ledger").replace("<NAME>", "API_TOKEN"), VALUE)
    assert read_stack_config(stack.checkout, STACK)["secrets"]["projects"]["ledger"]["API_TOKEN"]["secure"]


def test_a_key_that_is_too_short_is_replaced_in_production(stack: Shell) -> None:
    """
    Before there is any fleet, so that no backup can be asked for. The program sees values, and its message has a command that
    asks nobody.
    """
    stack.good(f"pulumi config set -s {STACK} --secret --path flotilla:secrets.key", "short")
    preview = stack.run(f"pulumi preview -s {STACK} --non-interactive")
    [command] = set(named(preview.stdout + preview.stderr))
    assert "the key has fewer than" in preview.stdout + preview.stderr

    stack.good(command)
    assert len(stack.good(f"pulumi config get -s {STACK} --path flotilla:secrets.key").strip()) == 64
    assert stack.states()["key"] == "good"


def test_another_value_in_a_script(stack: Shell) -> None:
    """
    A pipe is no terminal: it is refused with the words to add, `--yes` or not, and nothing was written. With them it is done.
    """
    before = stack.file.read_bytes()
    line = f"flotilla secrets set notifications.ops -s {STACK}"
    for words in ("", " --yes", " --approve standard --reason script"):
        refused = stack.run(f"{line}{words}", VALUE)
        assert refused.returncode == REFUSED
        assert VALUE not in refused.stdout + refused.stderr
        assert stack.file.read_bytes() == before
    assert '`--approve important --reason "..."`' in stack.run(line, VALUE).stderr

    document = json.loads(stack.good(f"{line} --approve important --reason script --json", f"{VALUE}\n"))
    assert (document["status"], document["facts"]["secret"]) == ("done", "notifications.ops")
    assert VALUE not in json.dumps(document)
    assert stack.good(f"pulumi config get -s {STACK} --path flotilla:secrets.notifications.ops").removesuffix("\n") == VALUE


def test_another_key_in_a_script(stack: Shell) -> None:
    """As the page about it says: by a pipe, approved, and nobody has seen it. Without the approval nothing is done."""
    line = f"openssl rand -base64 48 | flotilla secrets set key -s {STACK}"
    before = stack.good(f"pulumi config get -s {STACK} --path flotilla:secrets.key")
    assert stack.run(f"{line} --yes").returncode == REFUSED
    assert stack.good(f"pulumi config get -s {STACK} --path flotilla:secrets.key") == before

    page = stack.good(f"flotilla runbook rotate-key -s {STACK}")
    approved = f"{line} --approve critical --reason 'another key'"
    assert approved in " ".join(page.split())
    stack.good(approved)
    assert stack.good(f"pulumi config get -s {STACK} --path flotilla:secrets.key") != before


def test_a_person_types_a_value(stack: Shell) -> None:
    """
    It is asked for, and not shown, though the terminal shows what is typed; then whether to go on. A key asks for the stack's
    name. Nothing typed, no, and the end of input leave the file as it was.
    """
    before = stack.file.read_bytes()
    ops, key = f"flotilla secrets set notifications.ops -s {STACK}", f"flotilla secrets set key -s {STACK}"

    def typed(line: str, answers: dict[str, str]) -> tuple[int, str]:
        with terminal(stack.checkout, answers) as person:
            person.type("stty echo")
            shown = person.type(line, timeout_s=120)
            assert line in shown.text
            return shown.code, shown.text

    for answer, code in (({"notifications.ops: ": ""}, BAD_INPUT), ({"notifications.ops: ": "\x04"}, BAD_INPUT)):
        ended, text = typed(ops, answer)
        assert (ended, "no value was given. Nothing was done" in text) == (code, True), text
    ended, text = typed(ops, {"notifications.ops: ": VALUE, r"\[y/N\] ": "n"})
    assert (ended, VALUE in text, stack.file.read_bytes() == before) == (REFUSED, False, True), text

    ended, text = typed(ops, {"notifications.ops: ": VALUE, r"\[y/N\] ": "y"})
    assert (ended, VALUE in text, "another value on production. Go on?" in text) == (0, False, True), text
    ended, text = typed(f"{ops} --yes", {"notifications.ops: ": f"{VALUE}-2"})
    assert (ended, VALUE in text) == (0, False), text
    assert stack.good(f"pulumi config get -s {STACK} --path flotilla:secrets.notifications.ops").strip() == f"{VALUE}-2"
    ended, text = typed(key, {"key: ": VALUE, "Type the stack's name to go on: ": STACK})
    assert (ended, VALUE in text) == (0, False), text
    assert stack.states() == dict.fromkeys(stack.states(), "good")


def test_a_stack_that_does_not_exist_yet(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    One line says so, before a value is asked for, and names what makes it; after that the same command works. A stack that
    nobody has written down is another line.
    """
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
    before = shell.file.read_bytes()
    line = f"flotilla secrets set notifications.ops -s {STACK} --approve important --reason script"
    told = shell.run(line, VALUE)
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (BAD_INPUT, "", 1), told.stderr
    assert "there is no such stack where the state is kept (none). Nothing was done." in told.stderr
    assert shell.file.read_bytes() == before
    [make] = re.findall("`(pulumi stack init [a-z]+)`", told.stderr)

    shell.good(f"{make} --non-interactive")
    shell.good(line, VALUE)
    nowhere = shell.run("flotilla secrets set notifications.ops -s nowhere", VALUE)
    assert (nowhere.returncode, nowhere.stderr.count("\n")) == (BAD_INPUT, 1)
    assert "Pulumi.nowhere.yaml: there is no such file." in nowhere.stderr


def test_another_environment_as_its_page_says(stack: Shell) -> None:
    """The page about it, from the copy to the secrets: its file is what the page says to make of it, and the commands work."""
    names = of(load(STACK, stack.checkout, read_stack_config(stack.checkout, STACK)))
    lines = [
        command.line.replace("<new>", "demo").replace("<receiver>", "ops") for command in environment_new(names).commands()
    ]
    copy, init, *secrets = [line for line in lines if line.startswith(("cp ", "pulumi stack init")) or "secrets set" in line]
    stack.good(copy)
    file = stack.checkout / "Pulumi.demo.yaml"
    document = yaml.safe_load(file.read_text())
    for block, key in ((document, "encryptionsalt"), (document["config"], "flotilla:secrets")):
        del block[key]
    del document["config"]["flotilla:secret_records"]
    file.write_text(yaml.safe_dump(document))

    stack.good(f"{init} --non-interactive")
    for line in secrets:
        stack.good(line, VALUE)
    found = read_stack_config(stack.checkout, "demo")
    assert (len(secrets), set(found["secret_records"])) == (2, {"key", "notifications.ops"})
    assert found["secrets"]["key"]["secure"] and found["secrets"]["notifications"]["ops"]["secure"]


def test_without_the_passphrase(stack: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which variable has it, and nothing was changed."""
    monkeypatch.delenv("PULUMI_CONFIG_PASSPHRASE")
    before = stack.file.read_bytes()
    told = stack.run(f"flotilla secrets set notifications.ops -s {STACK} --approve important --reason script", VALUE)
    assert (told.returncode, "PULUMI_CONFIG_PASSPHRASE" in told.stderr, VALUE in told.stderr) == (1, True, False), told.stderr
    assert stack.file.read_bytes() == before


def test_before_the_sandbox_was_ever_started(bare: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It does not start with settings that lack a secret, and names the command that sets it: that works without a sandbox, and
    makes the stack that it needs. What the sandbox's passphrase seals was not sealed anew by that.
    """
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    (bare.checkout / ".flotilla" / "pulumi").mkdir()
    file = bare.checkout / "Pulumi.local.yaml"
    before = yaml.safe_load(file.read_text())
    of_ledger = before["config"]["flotilla:secrets"]["projects"].pop("ledger")
    file.write_text(yaml.safe_dump(before))
    refused = bare.run("flotilla sandbox start")
    commands = sorted(set(named(refused.stderr)))
    assert (refused.returncode, len(commands)) == (BAD_INPUT, len(of_ledger)), refused.stderr

    for command in commands:
        bare.good(command, VALUE)
    bare.good("flotilla settings check -s local")
    after = yaml.safe_load(file.read_text())
    assert after["config"]["flotilla:secrets"]["projects"].pop("ledger").keys() == of_ledger.keys()
    assert after["encryptionsalt"] == before["encryptionsalt"]
    assert after["config"]["flotilla:secrets"] == before["config"]["flotilla:secrets"]


def test_a_real_stack_is_not_looked_for_in_a_sandbox_that_was_never_started(
    bare: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line with what has to be set, and nothing was made or written."""
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    before = bare.file.read_bytes()
    told = bare.run(f"flotilla secrets set notifications.ops -s {STACK}", VALUE)
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (MISSING, "", 1), told.stderr
    assert f"was never started. Its tokens are not set. Run `make up`. For {STACK}, export PULUMI_BACKEND_URL" in told.stderr
    assert bare.file.read_bytes() == before


def test_going_to_production_as_its_page_says(shell: Shell) -> None:
    """
    Every line of docs/production.md from the stack to its secrets, typed by a person who has the example's passphrase and
    takes a new one; what settings still lack is named after that.
    """
    page = (ROOT / "docs" / "production.md").read_text()
    block = page.partition("pulumi stack init production")[2].partition("flotilla doctor")[0]
    lines = [line.partition(" #")[0].strip() for line in f"pulumi stack init production{block}".splitlines()]
    answers = {
        r"(?is)enter your passphrase.*:\s*$": PASSPHRASE,
        r"(?is)enter your new passphrase.*:\s*$": NEW_PASSPHRASE,
        r"(?is)re-enter your new passphrase.*:\s*$": NEW_PASSPHRASE,
        "notifications.ops: ": VALUE,
    }
    blind = "read -rs PULUMI_CONFIG_PASSPHRASE"
    with terminal(shell.checkout, answers) as person:
        # Another one is asked for its colours, and the engine takes what is typed for the answer.
        person.type("export TERM=screen")
        for line in lines:
            shown = person.type(line, blindly=NEW_PASSPHRASE if line.startswith(blind) else None, timeout_s=120)
            assert shown.code == 0, f"{line}: {shown.text}"
        told = person.type(f"flotilla settings check -s {STACK}")
        assert told.code == BAD_INPUT
        assert not any("set key" in command or "set notifications.ops" in command for command in named(told.text))
    records = read_stack_config(shell.checkout, STACK)["secret_records"]
    assert {"key", "notifications.ops"} <= records.keys()
