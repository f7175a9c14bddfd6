"""
What a killed engine leaves behind: its own lock beside the state, and operations of which nobody knows whether they were done.

`pulumi cancel` removes every lock of a stack, also that of an engine which is at work. So who made them is looked at first.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import pending as cut_short
from ops import stack as stacks
from ops.errors import FlotillaError, LockedError
from ops.lock import start_of
from ops.shelf import Shelf

POLL_S = 0.5


@dataclass(frozen=True, kw_only=True)
class EngineLock:
    """
    Who runs the engine, as it wrote down itself.
    """

    user: str
    host: str
    pid: int
    since: str

    @property
    def who(self) -> str:
        """
        For people.
        """
        return f"{self.user}@{self.host} (pid {self.pid})"

    @property
    def is_here(self) -> bool:
        """
        Whether it was made on this machine.
        """
        return self.host == socket.gethostname()

    @property
    def is_alive(self) -> bool:
        """
        Whether an engine of this machine is at work under that number.
        """
        if not self.is_here or start_of(self.pid) is None:
            return False
        name = Path(f"/proc/{self.pid}/comm")
        return not name.exists() or name.read_text().startswith("pulumi")


def parsed(text: bytes) -> EngineLock:
    """
    One of its files. What cannot be read was made by nobody knows whom.
    """
    try:
        document = json.loads(text)
        return EngineLock(
            user=str(document["username"]),
            host=str(document["hostname"]),
            pid=int(document["pid"]),
            since=str(document["timestamp"])[:19],
        )
    except (ValueError, KeyError, TypeError):
        return EngineLock(user="unknown", host="unknown", pid=0, since="an unknown time")


def found(kept: Shelf) -> list[EngineLock]:
    """
    The engine's locks of the stack.
    """
    return [parsed(text) for text in kept.engine_locks()]


def clear(
    checkout: Path, stack: str, known: Mapping[str, str], kept: Shelf, *, wait_s: float = 0.0, is_forced: bool = False
) -> list[str]:
    """
    Remove what engines that are gone have left; returns whose locks those were. `is_forced`: those of other machines too, where
    a person has made sure.

    Raises: LockedError where an engine is at work, or may be.
    """
    deadline = time.monotonic() + wait_s
    locks = found(kept)
    while staying := [lock for lock in locks if lock.is_alive or not (lock.is_here or is_forced)]:
        if time.monotonic() >= deadline:
            raise _locked(stack, staying[0])
        time.sleep(POLL_S)
        locks = found(kept)
    if locks:
        _asked(["cancel", "--yes"], checkout, stack, known)
    return [lock.who for lock in locks]


def _locked(stack: str, lock: EngineLock) -> LockedError:
    step = "Wait for it, such as with `--lock-wait 600`"
    if not lock.is_here:
        step += f", or, if that process is surely gone, `flotilla unlock --stack {stack}`"
    return LockedError(f"{stack}: {lock.who} has been running the engine on it since {lock.since}. Nothing was done. {step}.")


def pending(checkout: Path, stack: str, known: Mapping[str, str]) -> list[str]:
    """
    What the engine had begun and not come back from: `creating <urn>`.
    """
    answer = stacks.engine(["stack", "export", "--stack", stack, "--non-interactive"], checkout, known)
    if answer.returncode != 0:
        return []  # no such stack, or none that was ever brought up: then nothing was begun either
    operations: Sequence[Mapping[str, Any]] = json.loads(answer.stdout).get("deployment", {}).get("pending_operations") or ()
    return [f"{operation['type']} {operation['resource']['urn']}" for operation in operations]


def settle(checkout: Path, stack: str, known: Mapping[str, str]) -> list[str]:
    """
    Have the engine look what is really there, where it does not know; returns what it did not know of.

    Something that was just being made is looked for in the cloud by its name, see ops/pending.py.
    """
    unknown = pending(checkout, stack, known)
    if unknown:
        cut_short.settle(checkout, stack, known)
    return unknown


def _asked(
    arguments: Sequence[str],
    checkout: Path,
    stack: str,
    known: Mapping[str, str],
    *,
    timeout_s: float = stacks.TIMEOUT_S,
) -> None:
    answer = stacks.engine([*arguments, "--non-interactive", "--stack", stack], checkout, known, timeout_s=timeout_s)
    if answer.returncode != 0:
        said = " ".join((answer.stderr or answer.stdout).split())[-500:] or "the engine said nothing"
        raise FlotillaError(
            f"{stack}: what a killed operation left could not be cleared: `pulumi {arguments[0]}` says: {said}. "
            f"Nothing else was done. Run `pulumi {arguments[0]} -s {stack}`."
        )
