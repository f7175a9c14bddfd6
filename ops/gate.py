"""
The backup gate: what is critical on production needs a verified backup of everything, younger than a day.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ops.confirm import Level
from ops.errors import FlotillaError, RefusedError

LONGEST_S = 24 * 3600
PRODUCTION = "production"


def is_asked(level: Level, stack: str) -> bool:
    """
    Whether an operation has to pass the gate.
    """
    return level is Level.CRITICAL and stack == PRODUCTION


def require(checkout: Path, stack: str) -> str:
    """
    Ask the backup server. Returns what it said, in one line.

    Raises: RefusedError where something was not backed up and verified within a day, or that cannot be told.
    """
    from ops import backup

    try:
        answer = backup.ask(backup.fleet(checkout, stack), ["list"])
    except FlotillaError as error:
        raise RefusedError(
            f"{stack}: what is critical needs a verified backup, and whether there is one cannot be told: {error}"
        ) from error
    lacking = unverified(answer.get("sources", ()), time.time())
    if lacking:
        raise RefusedError(
            f"{stack}: what is critical needs a verified backup younger than 24 hours, and there is none of "
            f"{', '.join(lacking)}. Nothing was done. Run `flotilla backup run -s {stack}`, then `flotilla backup verify "
            f"-s {stack}`."
        )
    return f"{len(answer.get('sources', ()))} sources were backed up and verified within 24 hours"


def unverified(sources: Sequence[Mapping[str, Any]], now: float) -> list[str]:
    """
    What has no backup, or none that was verified, within a day: pure.
    """
    return [
        f"{row['project']}'s {row['source']}"
        for row in sources
        if any(row[name] is None or now - row[name] > LONGEST_S for name in ("at", "verified_at"))
    ]
