"""
Run the guestbook: `python3 -m guestbook`. SIGTERM and SIGINT stop it gracefully.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import time

from guestbook.app import App
from guestbook.configuration import read_configuration
from guestbook.entries import Entries
from guestbook.log import log
from guestbook.server import Server

DRAIN_LIMIT_S = 25.0


def main() -> int:
    """
    Serve until told to stop. Returns the process's exit code.
    """
    stop_requested = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop_requested.set())
    try:
        configuration = read_configuration(os.environ)
        stop_requested.wait(configuration.start_delay_s)
        entries = Entries(configuration.data_dir / "guestbook.db")
    except (ValueError, sqlite3.Error) as error:
        sys.stderr.write(f"guestbook: {error}. It cannot start. Check the variables and that DATA_DIR is writable.\n")
        return 1
    app = App(entries, title=configuration.title, release=configuration.release)
    server = Server(("0.0.0.0", configuration.port), app)  # noqa: S104 - a container's own address
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    serving.start()
    log(event="listening", port=server.server_port, release=app.release)
    stop_requested.wait()
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
    sys.exit(main())
