"""
Freeing a stack from an operation that is surely gone: the locks of Flotilla and of the engine, and what is left half done.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import confirm, engine_lock, history, lock, shelf
from ops import stack as stacks
from ops.confirm import Approval, Level
from ops.engine_lock import EngineLock
from ops.errors import RefusedError
from ops.lock import Holder


@dataclass(frozen=True, kw_only=True)
class Left:
    """
    Who holds what: {name of a lock: its holder}, and the engine's own locks.
    """

    holders: dict[str, Holder]
    engines: list[EngineLock]

    @property
    def lines(self) -> list[str]:
        """
        For people, one of each.
        """
        told = [f"{holder.who} since {holder.since}: {holder.what}" for holder in self.holders.values()]
        return told + [f"{engine.who} since {engine.since}: the engine" for engine in self.engines]


def look(kept: shelf.Shelf) -> Left:
    """
    What there is.
    """
    holders = {name: holder for name in lock.NAMES if (holder := lock.holder(kept, name)) is not None}
    return Left(holders=holders, engines=engine_lock.found(kept))


def _removable(left: Left) -> Left:
    """
    Without a backup that is being made, which holds nothing else up. Where there is nothing beside it, it is what was meant.
    """
    holders = {name: holder for name, holder in left.holders.items() if name != lock.BACKUP or not holder.is_alive}
    return Left(holders=holders, engines=left.engines) if holders or left.engines else left


def unlock(checkout: Path, stack: str, approval: Approval) -> dict[str, Any]:
    """
    Remove every lock of the stack once that is confirmed, and have the engine look what is there. Returns {stack, removed,
    pending}: whose locks they were, and what a killed engine had begun. `ops.shelf.CHECKOUT` has no engine.

    Raises: LockedError where one of them lives on this machine; RefusedError where it was not confirmed.
    """
    has_engine = stack != shelf.CHECKOUT
    known = stacks.environment(checkout) if has_engine else {}
    kept = shelf.of(checkout, stack, known)
    left = _removable(look(kept))
    common = {"operation": "unlock", "level": Level.IMPORTANT, "stack": stack, "who": lock.me(), "reason": approval.reason}
    if left.lines:
        what = f"Remove the lock of {'; '.join(left.lines)}"
        try:
            for name in left.holders:
                lock.require_gone(kept, stack, name)
            confirm.require(Level.IMPORTANT, what, stack=stack, approval=approval)
            for name in left.holders:
                lock.remove(kept, stack, name)
            if has_engine:
                engine_lock.clear(checkout, stack, known, kept, is_forced=True)
        except RefusedError as error:
            history.append(kept, {**common, "event": "refused", "what": what, "why": str(error)})
            raise
        history.append(kept, {**common, "event": "unlocked", "what": what})
    pending = engine_lock.settle(checkout, stack, known) if has_engine else []
    if pending:
        history.append(kept, {**common, "event": "settled", "engine_locks": [], "pending": pending})
    return {"stack": stack, "removed": left.lines, "pending": pending}
