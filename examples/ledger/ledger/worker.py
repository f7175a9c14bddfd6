"""
The worker: posts what is queued. SIGTERM lets it finish what it has begun.
"""

from __future__ import annotations

import threading

from ledger import books, imports
from ledger.log import log
from ledger.storage import Storage, StorageError

PAUSE_S = 0.5
SEEN_EVERY_S = 5.0
SEEN_LATELY_S = 30.0


def work_until(stop: threading.Event, storage: Storage, host: str) -> None:
    """
    Post imports, one after the other, until told to stop. A database that does not answer is waited for.
    """
    pauses = 0
    while not stop.is_set():
        try:
            if pauses % int(SEEN_EVERY_S / PAUSE_S) == 0:
                report_in(storage, host)
            if run_once(storage):
                continue
        except StorageError as error:
            log("storage", error=str(error))
        pauses += 1
        stop.wait(PAUSE_S)


def run_once(storage: Storage) -> bool:
    """
    Try the next import that is due; False if there is none.
    """
    item = imports.take(storage)
    if item is None:
        return False
    after = imports.post(storage, item)
    log("import", id=after.id, kind=after.kind, state=after.state, attempts=after.attempts, reason=after.reason)
    return True


def report_in(storage: Storage, host: str) -> None:
    """
    Note that this worker is alive, for its health check.
    """
    with storage.writing() as work:
        work.run(
            "INSERT INTO workers (host, seen_at) VALUES (:host, :now) ON CONFLICT (host) DO UPDATE SET seen_at = :now",
            host=host,
            now=books.now(),
        )


def was_seen(storage: Storage, host: str) -> bool:
    """
    True if this host's worker reported in lately.
    """
    with storage.reading() as work:
        row = work.row("SELECT seen_at FROM workers WHERE host = :host", host=host)
    return row is not None and str(row["seen_at"]) > imports.moment(-SEEN_LATELY_S)
