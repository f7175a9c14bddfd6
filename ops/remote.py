"""
Running programs on servers over SSH, when they are long or pass data on: the system's `ssh`, with the host key that the stack's
outputs have, as root. What is secret travels on standard input.
"""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from hosts.request import Target

CONNECT_TIMEOUT_S = 15


class Connection:
    """
    A way to one server.
    """

    def __init__(self, target: Target, folder: Path) -> None:
        self.name = str(target.declaration["server"])
        place = target.address if target.port == 22 else f"[{target.address}]:{target.port}"
        known_hosts = folder / "known_hosts"
        known_hosts.write_text(f"{place} {target.host_key}\n")
        options = {
            "UserKnownHostsFile": str(known_hosts),
            "GlobalKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "ConnectTimeout": str(CONNECT_TIMEOUT_S),
            "ServerAliveInterval": "30",
            "LogLevel": "ERROR",
        }
        key = []
        if target.private_key is not None:
            file = folder / "key"
            file.touch(mode=0o600)
            file.write_text(target.private_key)
            key = ["-i", str(file), "-o", "IdentitiesOnly=yes"]
        chosen = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        self._prefix = ["ssh", "-F", "/dev/null", *key, *chosen, "-p", str(target.port), f"root@{target.address}"]

    def argv(self, command: Sequence[str]) -> list[str]:
        """
        The command line on this machine for one on the server.
        """
        return [*self._prefix, shlex.join(command)]

    def run(self, command: Sequence[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
        """
        Run a program on the server to its end. What it says on standard error is said here, too.
        """
        return subprocess.run(self.argv(command), input=stdin, stdout=subprocess.PIPE, text=True, check=False)

    def start(
        self, command: Sequence[str], stdin: int | IO[bytes] = subprocess.PIPE, stdout: int = subprocess.PIPE
    ) -> subprocess.Popen[bytes]:
        """
        Run a program on the server, beside what is done here.
        """
        return subprocess.Popen(self.argv(command), stdin=stdin, stdout=stdout)


@contextmanager
def connected(target: Target) -> Iterator[Connection]:
    """
    The way to a server; its files are gone afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="flotilla-ssh-") as folder:
        yield Connection(target, Path(folder))
