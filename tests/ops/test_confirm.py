"""
How much each level asks for: at a terminal, without one, with `--yes`, with `--approve`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pexpect
import pytest

from ops.confirm import Approval, Level, require
from ops.errors import RefusedError

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from ops import confirm
from ops.errors import RefusedError
try:
    approval = confirm.Approval(is_yes={is_yes})
    confirm.require(confirm.Level({level!r}), "Do it", stack="production", approval=approval)
except RefusedError as error:
    sys.exit(f"refused: {{error}}")
print("went on")
"""


def at_a_terminal(level: Level, typed: str | None, *, is_yes: bool = False) -> str:
    """
    What a person sees; `typed` is what they answer, None where nothing is asked.
    """
    program = PROGRAM.format(level=level.value, is_yes=is_yes)
    child = pexpect.spawn(sys.executable, ["-c", program], cwd=str(ROOT), encoding="utf-8", timeout=20)
    if typed is not None:
        child.expect([r"\[y/N\] ", "to go on: "])
        asked = child.before + child.after
        child.sendline(typed)
        child.expect(pexpect.EOF)
        return asked + child.before
    child.expect(pexpect.EOF)
    return str(child.before)


@pytest.mark.parametrize(
    ("level", "typed", "goes_on"),
    [
        (Level.INFO, None, True),
        (Level.STANDARD, None, True),
        (Level.IMPORTANT, "y", True),
        (Level.IMPORTANT, "Y", True),
        (Level.IMPORTANT, "n", False),
        (Level.IMPORTANT, "", False),
        (Level.IMPORTANT, "yes please", False),
        (Level.CRITICAL, "production", True),
        (Level.CRITICAL, "y", False),
        (Level.CRITICAL, "Production", False),
        (Level.CRITICAL, "", False),
    ],
)
def test_at_a_terminal(level: Level, typed: str | None, goes_on: bool) -> None:
    """Nothing, y/N, or the stack's name in full; anything else is a no."""
    seen = at_a_terminal(level, typed)

    assert ("went on" in seen) is goes_on
    assert ("Nothing was done." in seen) is not goes_on


def test_yes_is_enough_for_what_is_important_and_never_for_what_is_critical() -> None:
    """Critical asks all the same."""
    assert "went on" in at_a_terminal(Level.IMPORTANT, None, is_yes=True)
    assert "Nothing was done." in at_a_terminal(Level.CRITICAL, "y", is_yes=True)


@pytest.mark.parametrize("level", [Level.IMPORTANT, Level.CRITICAL])
@pytest.mark.parametrize("approval", [Approval(), Approval(is_yes=True)], ids=["nothing", "--yes"])
def test_without_a_terminal_nothing_happens_by_itself(
    level: Level, approval: Approval, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal names the words that would do."""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(RefusedError, match=f"Nothing was done. Add `--approve {level} --reason"):
        require(level, "Do it", stack="production", approval=approval)


@pytest.mark.parametrize(
    ("level", "approved", "reason", "goes_on"),
    [
        (Level.IMPORTANT, Level.IMPORTANT, "ticket 7", True),
        (Level.IMPORTANT, Level.CRITICAL, "ticket 7", True),
        (Level.CRITICAL, Level.CRITICAL, "ticket 7", True),
        (Level.CRITICAL, Level.IMPORTANT, "ticket 7", False),
        (Level.IMPORTANT, Level.STANDARD, "ticket 7", False),
        (Level.IMPORTANT, Level.IMPORTANT, " ", False),
    ],
)
def test_approval_on_the_command_line(level: Level, approved: Level, reason: str, goes_on: bool) -> None:
    """As high as the operation, and with a reason."""
    approval = Approval(level=approved, reason=reason)
    if goes_on:
        require(level, "Do it", stack="production", approval=approval)
        return
    with pytest.raises(RefusedError, match="Nothing was done"):
        require(level, "Do it", stack="production", approval=approval)
