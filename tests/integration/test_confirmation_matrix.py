"""
The confirmation matrix: every level, with and without a terminal, with everything that can be said on the command line.

A small command of Flotilla's own parts runs as a process: its options, `mutate`, lock, history, exit codes are the real ones.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from ops import history
from ops.shelf import Folder

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120
PROGRAM = """
import sys
from pathlib import Path
import typer
from ops import cli
from ops.commands import Approve, Reason, Yes
from ops.confirm import Approval, Level
from ops.mutation import Operation, mutate
from ops.steps import Sequential, Step

here = Path(sys.argv.pop(1))
level = Level(sys.argv.pop(1))
cli.app = typer.Typer(pretty_exceptions_enable=False)

@cli.app.command()
def do(yes: Yes = False, approve: Approve = None, reason: Reason = ""):
    steps = Sequential(steps=(Step(name="do", run=lambda _: (here / "done").touch()),))
    operation = Operation(name="do", what="Do it", level=level, stack="staging", steps=steps)
    mutate(here, operation, Approval(is_yes=yes, level=approve, reason=reason))

cli.main()
"""
DONE, REFUSED = 0, 3
# What is said on the command line, and the exit code for info, standard, important, critical.
WITHOUT_TERMINAL = {
    "": (DONE, DONE, REFUSED, REFUSED),
    "--yes": (DONE, DONE, REFUSED, REFUSED),
    "--approve info --reason ticket": (DONE, DONE, REFUSED, REFUSED),
    "--approve standard --reason ticket": (DONE, DONE, REFUSED, REFUSED),
    "--approve important --reason ticket": (DONE, DONE, DONE, REFUSED),
    "--approve critical --reason ticket": (DONE, DONE, DONE, DONE),
    "--approve important": (DONE, DONE, REFUSED, REFUSED),
    "--approve critical": (DONE, DONE, REFUSED, REFUSED),
    "--approve critical --reason ' '": (DONE, DONE, REFUSED, REFUSED),
    "--yes --approve important --reason ticket": (DONE, DONE, DONE, REFUSED),
}
# The same at a terminal, with what is typed where something is asked. None: nothing is asked.
AT_A_TERMINAL = {
    "important": {
        ("", "y"): DONE,
        ("", "Y"): DONE,
        ("", "n"): REFUSED,
        ("", ""): REFUSED,
        ("", "yes please"): REFUSED,
        ("", "staging"): REFUSED,
        ("--yes", None): DONE,
        ("--approve important --reason ticket", None): DONE,
        ("--approve standard --reason ticket", None): REFUSED,
        ("--approve important", None): REFUSED,
    },
    "critical": {
        ("", "staging"): DONE,
        ("", "y"): REFUSED,
        ("", "Staging"): REFUSED,
        ("", "production"): REFUSED,
        ("", ""): REFUSED,
        ("--yes", "staging"): DONE,
        ("--yes", "y"): REFUSED,
        ("--approve critical --reason ticket", None): DONE,
        ("--approve important --reason ticket", None): REFUSED,
    },
    "standard": {("", None): DONE, ("--yes", None): DONE},
    "info": {("", None): DONE},
}
LEVELS = ("info", "standard", "important", "critical")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder whose env.sh says where the state is."""
    (tmp_path / "env.sh").write_text(f"export PULUMI_BACKEND_URL=file://{tmp_path}/state\n")
    return tmp_path


def command(checkout: Path, level: str, words: str) -> list[str]:
    """
    The command line.
    """
    return [sys.executable, "-c", PROGRAM, str(checkout), level, *shlex.split(words)]


def is_as_told(checkout: Path, code: int) -> None:
    """
    It was done where the exit code says so and only there, and the history has that.
    """
    events = [line["event"] for line in history.read(Folder(checkout / "state" / ".flotilla" / "staging"))]
    assert (checkout / "done").exists() == (code == DONE)
    assert events == (["begun", "ended"] if code == DONE else ["refused"])


@pytest.mark.parametrize(
    ("words", "level", "code"),
    [(words, level, code) for words, codes in WITHOUT_TERMINAL.items() for level, code in zip(LEVELS, codes, strict=True)],
)
def test_without_a_terminal(checkout: Path, words: str, level: str, code: int) -> None:
    """Nobody is asked: what was not approved with a reason, up to its level, is refused and not done."""
    answer = subprocess.run(
        command(checkout, level, words),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert answer.returncode == code, answer.stderr
    assert "Traceback" not in answer.stderr
    assert ("Nothing was done." in answer.stderr) == (code == REFUSED)
    is_as_told(checkout, code)


@pytest.mark.parametrize(
    ("level", "words", "typed", "code"),
    [(level, *case, code) for level, cases in AT_A_TERMINAL.items() for case, code in cases.items()],
)
def test_at_a_terminal(checkout: Path, level: str, words: str, typed: str | None, code: int) -> None:
    """Only the right answer to the right question goes on."""
    program, *arguments = command(checkout, level, words)
    child = pexpect.spawn(program, arguments, cwd=str(ROOT), encoding="utf-8")
    child.timeout = PATIENCE_S
    if typed is not None:
        child.expect([r"Go on\? \[y/N\] ", "Type the stack's name to go on: "])
        child.sendline(typed)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == code, child.before
    is_as_told(checkout, code)
