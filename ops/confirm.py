"""
How much an operation asks for before it does anything (DESIGN section 7).

    info        reads                           asks nothing
    standard    can be undone                   asks nothing, and says what it does
    important   changes configuration           y/N, or `--yes` at a terminal
    critical    deletes, migrates, access       the stack's name typed in full

Without a terminal nobody can be asked: important and critical need `--approve <level> --reason "..."`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum

from ops.errors import RefusedError


class Level(StrEnum):
    """
    The levels, from harmless to grave.
    """

    INFO = "info"
    STANDARD = "standard"
    IMPORTANT = "important"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """
        0 for harmless.
        """
        return list(Level).index(self)


@dataclass(frozen=True, kw_only=True)
class Approval:
    """
    What was said on the command line: `--yes`, `--approve LEVEL`, `--reason TEXT`.
    """

    is_yes: bool = False
    level: Level | None = None
    reason: str = ""


def require(level: Level, what: str, *, stack: str, approval: Approval) -> None:
    """
    Return when the operation may go on. `what` is what it is about to do, one sentence without a full stop.

    Raises: RefusedError when it was not confirmed. Nothing was done by then.
    """
    if level.rank < Level.IMPORTANT.rank or _is_approved(level, what, approval):
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise RefusedError(
            f"{what}: this is {level}, and there is no terminal to ask at. Nothing was done. "
            f'Add `--approve {level} --reason "..."`.'
        )
    if level is Level.CRITICAL:
        _ask(f"{what} on {stack}. This is critical. Type the stack's name to go on: ", stack, what)
    elif not approval.is_yes:
        _ask(f"{what} on {stack}. Go on? [y/N] ", "y", what)


def _is_approved(level: Level, what: str, approval: Approval) -> bool:
    if approval.level is None:
        return False
    if approval.level.rank < level.rank:
        raise RefusedError(f"{what}: this is {level}, and `--approve {approval.level}` is less. Nothing was done.")
    if not approval.reason.strip():
        raise RefusedError(f'{what}: `--approve` comes with a reason. Nothing was done. Add `--reason "..."`.')
    return True


def _ask(question: str, expected: str, what: str) -> None:
    sys.stderr.write(question)
    sys.stderr.flush()
    answer = sys.stdin.readline().strip()
    if answer.lower() != expected.lower() if expected == "y" else answer != expected:
        raise RefusedError(f"{what}: not confirmed. Nothing was done.")
