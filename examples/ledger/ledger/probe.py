"""
Ask the process in this container whether it is healthy: `python3 -m ledger.probe [worker]` exits 0 or 1.
"""

from __future__ import annotations

import http.client
import os
import socket
import sys
from contextlib import closing

from ledger.configuration import Configuration, read_configuration

TIMEOUT_S = 2.0


def main(arguments: list[str]) -> int:
    """
    0 if `/up` answers 200 in time, or if the worker reported in lately; else 1 with the reason.
    """
    configuration = read_configuration(os.environ)
    is_well, said = _look(configuration) if arguments == ["worker"] else _ask(configuration.port)
    sys.stdout.write(f"{said}\n")
    return 0 if is_well else 1


def _look(configuration: Configuration) -> tuple[bool, str]:
    # Here, not above: what speaks to the database takes longer to import than a web process to answer.
    from ledger.storage import Storage, StorageError
    from ledger.worker import was_seen

    try:
        with closing(Storage(configuration.secret("DATABASE_URL").decode())) as storage:
            return was_seen(storage, socket.gethostname()), "reported in"
    except (StorageError, ValueError) as error:
        return False, str(error)


def _ask(port: int) -> tuple[bool, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/up")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return False, f"no answer: {error}"
    finally:
        connection.close()
    return status == 200, str(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
