"""
Fetching a cluster's write-ahead log, all the time: it arrives as it is written, and what is finished goes into the archive.

Each cluster has a folder of its own, by its system identifier, so that a server that was set up anew does not take the place of
the one before: what was received last of that stays, and a restore uses it.
"""

from __future__ import annotations

import time
from pathlib import Path

from hosts.backup import folders, pgbackrest, receivewal, segments
from hosts.backup.config import KEEPER, Config, Stanza
from hosts.backup.errors import BackupError, failed

PAUSE_S = 0.2
# After a failed push: the disk may have room again, or the stanza be made.
RETRY_S = 15
PARTIAL = ".partial"


def folder(config: Config, stanza: Stanza, system_id: int) -> Path:
    """
    Where a cluster's log arrives.
    """
    return config.wal / stanza.name / str(system_id)


def fetch(config: Config, stanza: Stanza) -> None:
    """
    Fetch until the connection ends; systemd starts it again.

    Raises: BackupError when it ends.
    """
    system_id = receivewal.identity(stanza).system_id
    into = folders.own(folder(config, stanza, system_id), KEEPER)
    receivewal.have_slot(stanza)
    receiver = receivewal.start(stanza, into)
    try:
        while receiver.poll() is None:
            time.sleep(PAUSE_S if _push_all(stanza, into) else RETRY_S)
    finally:
        receiver.terminate()
        receiver.wait()
    raise failed(
        "log-not-fetched", stanza.resource, f"pg_receivewal ended with exit code {receiver.returncode}", "See its words"
    )


def _push_all(stanza: Stanza, into: Path) -> bool:
    """
    Whether all that is finished is in the archive. One is pushed after the other, in order.
    """
    for file in finished(into):
        try:
            pgbackrest.push(stanza, file)
        except BackupError as error:
            print(f"{error}", flush=True)  # noqa: T201 -- for the journal
            return False
        file.unlink()
    return True


def finished(into: Path) -> list[Path]:
    """
    The segments and histories that are complete, in order.
    """
    if not into.is_dir():
        return []
    return sorted(
        path for path in into.iterdir() if segments.NAME.fullmatch(path.name) or segments.HISTORY.fullmatch(path.name)
    )


def partial(into: Path) -> Path | None:
    """
    The segment that is being received, if there is one.
    """
    if not into.is_dir():
        return None
    return max(into.glob(f"*{PARTIAL}"), default=None)
