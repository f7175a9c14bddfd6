"""
One server, as its roles see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hosts import keys


@dataclass(frozen=True, kw_only=True)
class Host:
    """
    `declaration` is the whole of `/etc/flotilla/host.json` (components/declarations). `key` is the environment's, from which
    roles derive what only this server may know. `notifications` are the secret addresses of receivers: {name: address};
    `offsite` is what opens the place for copies of backups: {name: secret}; `registry_password` is for pulling images.
    """

    declaration: Mapping[str, Any]
    key: str = field(default="", repr=False)
    notifications: Mapping[str, str] = field(default_factory=dict, repr=False)
    offsite: Mapping[str, str] = field(default_factory=dict, repr=False)
    registry_password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """
        The server's name.
        """
        return str(self.declaration["server"])

    @property
    def environment(self) -> str:
        """
        The environment's name.
        """
        return str(self.declaration["environment"])

    @property
    def roles(self) -> Mapping[str, Mapping[str, Any]]:
        """
        What is declared for each role: {role: data}.
        """
        return dict(self.declaration["roles"])

    def secret(self, *purpose: str | int) -> str:
        """
        A password of the environment, by its purpose; see hosts/keys.py.
        """
        return keys.secret(self.key, *purpose)
