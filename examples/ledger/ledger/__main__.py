"""
Run one process of the product: `python3 -m ledger web|api|worker|migrate|close-day [--day DAY]`.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
import time
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

from ledger import schema
from ledger.api import Api
from ledger.closing import close_day
from ledger.configuration import Configuration, read_configuration
from ledger.identity import Identity
from ledger.log import log
from ledger.server import Server
from ledger.sessions import Sessions
from ledger.storage import Storage, StorageError
from ledger.web import Web
from ledger.worker import work_until

DRAIN_LIMIT_S = 25.0
LONG_RUNNING = ("web", "api", "worker")
# Waited for, not handled: a handler that runs while the main thread takes a lock may wait for that lock for ever.
STOP = (signal.SIGTERM, signal.SIGINT)
LOOK_S = 1.0


def main() -> int:
    """
    Do what the command says. Returns the process's exit code.
    """
    arguments = _arguments()
    if arguments.command in LONG_RUNNING:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOP)  # before any thread, so that all inherit it
    try:
        configuration = read_configuration(os.environ)
        with closing(Storage(configuration.secret("DATABASE_URL").decode())) as storage:
            if arguments.command == "migrate":
                log("migrated", applied=schema.migrate(storage))
            schema.check(storage)
            return _run(arguments, configuration, storage)
    except (ValueError, StorageError) as error:
        sys.stderr.write(f"ledger {arguments.command}: {error}. It cannot go on. Check its variables, secrets and database.\n")
        return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="ledger", description="Double-entry bookkeeping.")
    parser.add_argument("command", choices=["web", "api", "worker", "migrate", "close-day"])
    parser.add_argument("--day", type=date.fromisoformat, help="the day to close; default: yesterday, in UTC")
    return parser.parse_args()


def _run(arguments: argparse.Namespace, configuration: Configuration, storage: Storage) -> int:
    match arguments.command:
        case "web" | "api":
            return _serve(_application(arguments.command, configuration, storage), configuration)
        case "worker":
            return _work(configuration, storage)
        case "close-day":
            return _close(storage, arguments.day or datetime.now(UTC).date() - timedelta(days=1))
    return 0


def _application(command: str, configuration: Configuration, storage: Storage) -> Web | Api:
    identity = Identity(configuration.release, command)
    if command == "api":
        return Api(storage, identity, configuration.secret("API_TOKEN"))
    sessions = Sessions(configuration.secret("SESSION_KEY"), configuration.secret("ACCESS_CODE"))
    return Web(storage, identity, sessions, configuration.title)


def _work(configuration: Configuration, storage: Storage) -> int:
    """
    Post what is queued until told to stop; then finish what was begun.
    """
    stop = threading.Event()
    working = threading.Thread(target=work_until, args=(stop, storage, socket.gethostname()))
    working.start()
    log("started", release=configuration.release)
    is_told = _told_to_stop(working)
    stop.set()
    working.join()
    log("stopped")
    return 0 if is_told else 1


def _told_to_stop(thread: threading.Thread) -> bool:
    """
    Wait for the signal to stop; False if the thread ended without it, which it should not.
    """
    while thread.is_alive():
        if signal.sigtimedwait(STOP, LOOK_S):
            return True
    return False


def _serve(application: Web | Api, configuration: Configuration) -> int:
    """
    Answer requests until told to stop; then finish those in flight, but leave after 25 s whatever happens.
    """
    server = Server(configuration.port, application.site())
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    serving.start()
    log("listening", port=server.server_port, release=configuration.release)
    is_told = _told_to_stop(serving)
    started = time.monotonic()
    overdue = threading.Timer(DRAIN_LIMIT_S, os._exit, [1])
    overdue.daemon = True
    overdue.start()
    application.is_stopping = True
    server.stop()
    overdue.cancel()
    log("stopped", drain_s=round(time.monotonic() - started, 2))
    return 0 if is_told else 1


def _close(storage: Storage, day: date) -> int:
    if day >= datetime.now(UTC).date():
        log("day not closed", day=str(day), mistakes=["it is not over yet"])
        return 1
    with storage.writing() as work:
        closing = close_day(work, day)
    facts = vars(closing) | {"day": str(day)}
    log("day not closed" if closing.mistakes else "day closed", **facts)
    return 1 if closing.mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
