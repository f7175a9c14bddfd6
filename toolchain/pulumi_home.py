"""
The folder that the engine keeps its own things in, PULUMI_HOME, for the sandbox and for offline previews.
"""

from __future__ import annotations

from pathlib import Path

AUTOMATIC_LOGS = "logs"
WHY_NO_LOGS = """\
This file stands where the engine would write a debug log of every command (pulumi 3.259.0, pkg/logging/encrypted.go; it has no
switch). Formatting and encrypting it is a quarter of a large preview, more with policy packs.

Remove this file to have the logs: `pulumi logs list` shows them. `pulumi -v 9 --logtostderr` tells more at once.
"""


def make(folder: Path) -> None:
    """
    Create it where it is missing, without the automatic logs: where they cannot be written, the engine goes on without them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    logs = folder / AUTOMATIC_LOGS
    if not logs.exists():
        logs.write_text(WHY_NO_LOGS)
