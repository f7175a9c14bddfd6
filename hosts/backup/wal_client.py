"""
`restore_command` of a throw-away cluster: it may not read repositories itself, so it asks whoever restores it, by a socket.

Runs as a file of its own: `wal_client.py <socket> <name> <path>`. Exit codes: 0 it is there; 1 there is none of that name.
"""

import socket
import sys
from pathlib import Path

CHUNK = 1 << 20


def main(where: str, name: str, path: str) -> int:
    """
    Have the file of this name at this path.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(where)
        connection.sendall(f"{name}\n".encode())
        with connection.makefile("rb") as answer:
            size = int(answer.readline() or b"-1")
            if size < 0:
                return 1
            with Path(path).open("wb") as stream:
                while size > 0 and (piece := answer.read(min(CHUNK, size))):
                    stream.write(piece)
                    size -= len(piece)
    return 1 if size else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
