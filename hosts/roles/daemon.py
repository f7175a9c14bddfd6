"""
A daemon of Debian's with arguments of ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hosts.items import Command, File, Unit

RELOAD_UNITS: Command = ("systemctl", "daemon-reload")
_PLAIN = re.compile(r"[A-Za-z0-9_./:=,@^|+()\\-]+")


@dataclass(frozen=True, kw_only=True)
class Daemon:
    """
    `unit` is Debian's, without `.service`. What it is started with is in a drop-in of ours, there before the package:
    a new daemon never listens where its defaults say, and Debian's own files stay as they are.

    `service` and `about` are further lines of the drop-in's sections `[Service]` and `[Unit]`.
    """

    unit: str
    argv: Sequence[str]
    service: Sequence[str] = ()
    about: Sequence[str] = ()

    @property
    def restart(self) -> Command:
        """
        Start it again: it has other arguments.
        """
        return ("systemctl", "restart", f"{self.unit}.service")

    @property
    def reload(self) -> Command:
        """
        Have it read its files again.
        """
        return ("systemctl", "try-reload-or-restart", f"{self.unit}.service")

    def drop_in(self) -> File:
        """
        Comes before its package. The private network may be there later than the daemon: it tries again, and never gives up.
        """
        lines = [
            "# Written by Flotilla; changes are lost.",
            "[Unit]",
            "StartLimitIntervalSec=0",
            *self.about,
            "",
            "[Service]",
            "ExecStart=",
            f"ExecStart={' '.join(_quoted(argument) for argument in self.argv)}",
            "Restart=always",
            "RestartSec=2s",
            "NoNewPrivileges=true",
            "CapabilityBoundingSet=",
            *self.service,
        ]
        path = f"/etc/systemd/system/{self.unit}.service.d/flotilla.conf"
        return File(path=path, content="\n".join(lines) + "\n", notify=(RELOAD_UNITS, self.restart))

    def running(self) -> Unit:
        """
        Comes after its files.
        """
        return Unit(unit=f"{self.unit}.service")


def _quoted(argument: str) -> str:
    """
    As systemd reads it: `%` and `$` stand for themselves.
    """
    plain = argument.replace("%", "%%").replace("$", "$$")
    if _PLAIN.fullmatch(plain):
        return plain.replace("\\", "\\\\")
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
