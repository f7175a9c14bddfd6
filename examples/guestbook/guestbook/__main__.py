"""
Run the guestbook: `python3 -m guestbook`. SIGTERM and SIGINT stop it gracefully. `python3 -m guestbook migrate` prepares its
database for this release.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import time
from contextlib import closing

from guestbook.app import App
from guestbook.configuration import Configuration, read_configuration
from guestbook.database import Database, DatabaseError
from guestbook.entries import Entries
from guestbook.log import log
from guestbook.migration import migrate
from guestbook.server import Server

DRAIN_LIMIT_S = 25.0
# Waited for, not handled: a handler that runs while the main thread takes a lock may wait for that lock for ever.
STOP = (signal.SIGTERM, signal.SIGINT)


def main(arguments: list[str]) -> int:
    """
    Do what the command says. Returns the process's exit code.
    """
    if arguments not in ([], ["migrate"]):
        sys.stderr.write("guestbook: there is only `python3 -m guestbook [migrate]`.\n")
        return 2
    return _migrate() if arguments else _serve()


def _migrate() -> int:
    try:
        configuration = read_configuration(os.environ)
        database = Database(configuration.database_url())
        with closing(database):
            found = migrate(database, configuration.data_dir / "guestbook.db")
    except (ValueError, DatabaseError, sqlite3.Error) as error:
        sys.stderr.write(f"guestbook migrate: {error}. Nothing was changed.\n")
        return 1
    log(event="migrated", **found)
    return 0


def _serve() -> int:
    """
    Serve until told to stop.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)  # before any thread, so that all inherit it
    try:
        configuration = read_configuration(os.environ)
        if signal.sigtimedwait(STOP, configuration.start_delay_s):
            return 0
        with closing(Database(configuration.database_url())) as database:
            return _serve_from(Entries(database), configuration)
    except (ValueError, DatabaseError) as error:
        sys.stderr.write(f"guestbook: {error}. It cannot start. Check the variables and the database.\n")
        return 1


def _serve_from(entries: Entries, configuration: Configuration) -> int:
    entries.check()
    app = App(entries, title=configuration.title, release=configuration.release)
    server = Server(("0.0.0.0", configuration.port), app)  # noqa: S104 - a container's own address
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    serving.start()
    log(event="listening", port=server.server_port, release=app.release)
    signal.sigwait(STOP)
    _stop(server)
    return 0


def _stop(server: Server) -> None:
    """
    Finish requests in flight, but leave after 25 s whatever happens: the runtime would kill the process 5 s later.
    """
    started = time.monotonic()
    overdue = threading.Timer(DRAIN_LIMIT_S, os._exit, [1])
    overdue.daemon = True
    overdue.start()
    server.stop()
    server.server_close()
    overdue.cancel()
    log(event="stopped", drain_s=round(time.monotonic() - started, 2))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
