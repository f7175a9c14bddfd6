"""
The command line as a shell sees it: help, exit codes, one error line, JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from ops import cli
from ops.commands import sandbox as commands
from ops.errors import FlotillaError, MissingToolError, RefusedError, ReportError, SettingsError

ROOT = Path(__file__).resolve().parents[2]


def _commands(application: typer.Typer, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for command in application.registered_commands:
        name = command.name or (command.callback.__name__ if command.callback else "")
        yield (*words, name)
    for group in application.registered_groups:
        assert group.typer_instance is not None and group.name is not None
        yield from _commands(group.typer_instance, (*words, group.name))


ALL = sorted(_commands(cli.app))
# What these print is another program's.
BECOMES_ANOTHER = {("host", "ssh")}


def _flotilla(*words: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """
    Run the command as a process, without a terminal.
    """
    command = [sys.executable, "-m", "ops.cli", *words]
    setting = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", **environment}
    return subprocess.run(command, cwd=cwd, env=setting, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)


def test_every_command_is_there() -> None:
    """The commands of this stage, and nothing that does not exist yet."""
    nouns = {words[0] for words in ALL}
    words = "advise apply audit backup canary cleanup compliance costs dashboard deploy docs doctor drill env history host"
    more = (
        "incident maintenance notify plan project release report restore rollback runbook sandbox secrets settings status sync"
    )
    assert nouns == {*words.split(), *more.split(), "unlock", "workflow"}
    assert {words[1] for words in ALL if words[0] == "host"} == {"converge", "reboot", "ssh"}
    assert {words[1] for words in ALL if words[0] == "settings"} == {"check", "schema"}
    assert {words[1] for words in ALL if words[0] == "sandbox"} == {"start", "stop", "reset", "status", "logs", "publish"}


@pytest.mark.parametrize("words", [(), ("sandbox",), *ALL], ids=" ".join)
def test_help_of_every_command(words: tuple[str, ...]) -> None:
    """Help works without a terminal, says what the command is for, and every command can print JSON."""
    answer = CliRunner().invoke(cli.app, [*words, "--help"], terminal_width=200, prog_name="flotilla")
    assert answer.exit_code == 0
    assert "Usage: " in answer.stdout
    assert answer.stderr == ""
    assert ("--json" in answer.stdout) == (words in ALL and words not in BECOMES_ANOTHER)


def test_help_as_a_process() -> None:
    """The same from outside."""
    answer = _flotilla("host", "converge", "--help")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "--dry-run" in answer.stdout


def test_help_imports_nothing_slow() -> None:
    """Docker, pydantic, cryptography and rich's tables are loaded by the commands that need them only."""
    program = (
        "import ops.cli, sys; print(sorted({'docker', 'pydantic', 'cryptography', 'yaml', 'pulumi'} & sys.modules.keys()))"
    )
    answer = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("words", [("nonsense",), ("sandbox", "nonsense"), ("sandbox", "start", "--nonsense"), ("doctor", "x")])
def test_wrong_usage_is_bad_input(words: tuple[str, ...]) -> None:
    """What the command line does not know is answered with 2 and a hint, and nothing is done."""
    answer = _flotilla(*words)
    assert answer.returncode == 2
    assert "Error: " in answer.stderr
    assert answer.stdout == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [(FlotillaError, 1), (SettingsError, 2), (RefusedError, 3), (ReportError, 6), (MissingToolError, 7)],
    ids=str,
)
def test_error_is_one_message_and_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: type[FlotillaError], code: int
) -> None:
    """The text as it is, on standard error, without a traceback."""
    caught = _run_failing(monkeypatch, error("path: fact. Consequence. Next step."))
    assert caught == code
    assert capsys.readouterr().err == "path: fact. Consequence. Next step.\n"


def test_unexpected_error_is_one_line_too(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Even a defect does not throw a traceback at an operator; it says how to get one."""
    monkeypatch.delenv("FLOTILLA_VERBOSE", raising=False)
    assert _run_failing(monkeypatch, KeyError("odd\nthing")) == 1
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "unexpected KeyError" in printed and "--verbose" in printed


def test_verbose_shows_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --verbose a defect comes through whole."""
    monkeypatch.setenv("FLOTILLA_VERBOSE", "1")
    with pytest.raises(KeyError):
        _run_failing(monkeypatch, KeyError("odd"))


def _run_failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> int:
    """
    Run `flotilla sandbox status` with a checkout that cannot be found, for this reason.
    """

    def fail() -> Path:
        raise error

    monkeypatch.setattr(commands.checkout, "find", fail)
    monkeypatch.setattr(sys, "argv", ["flotilla", "sandbox", "status"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


def test_command_of_one_checkout_refuses_to_work_in_another(tmp_path: Path) -> None:
    """A shell that is set up for one checkout does not stop or remove another one's sandbox by mistake."""
    (tmp_path / "ops").mkdir()
    (tmp_path / "Pulumi.yaml").touch()
    (tmp_path / "ops" / "checkout.py").touch()
    (tmp_path / "deep").mkdir()
    answer = _flotilla("sandbox", "reset", cwd=tmp_path / "deep", PYTHONSAFEPATH="1")
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"{tmp_path}: this `flotilla` belongs to another checkout")


def test_reading_commands_print_one_json_document(tmp_path: Path) -> None:
    """With --json, standard output is one document and nothing else, wherever the command is called."""
    for words in (("sandbox", "status"), ("doctor",)):
        answer = _flotilla(*words, "--json", cwd=tmp_path)
        assert isinstance(json.loads(answer.stdout), dict)
        assert "Traceback" not in answer.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("dashboard", "--stack", "nonsense"), "--stack: there is no stack nonsense. Nothing was written."),
        (("dashboard", "--out", "/proc/page.html"), "--out: /proc/page.html: "),
        (("report", "--notify", "loud"), "--notify: loud is no status. Nothing was looked at."),
    ],
)
def test_wrong_words_for_a_report_are_bad_input(words: tuple[str, ...], said: str) -> None:
    """Said with what to give in their place; nothing was done by then."""
    answer = _flotilla(*words)
    assert answer.returncode == 2
    assert answer.stderr.startswith(said)
    assert answer.stdout == ""


def test_the_page_and_the_week_need_no_server(tmp_path: Path) -> None:
    """What is kept is enough, also for a stack that this machine cannot reach."""
    page = tmp_path / "page.html"
    answer = _flotilla("dashboard", "--stack", "production", "--out", str(page), "--json")
    assert (answer.returncode, json.loads(answer.stdout)) == (0, {"page": str(page)})
    assert page.read_text().startswith("<!doctype html>")
    week = _flotilla("report", "--weekly", "--stack", "production", "--json")
    assert json.loads(week.stdout)["environment"] == "production"
