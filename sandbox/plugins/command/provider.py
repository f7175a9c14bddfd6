"""
The `command` plugin. It has no configuration; each remote resource says whom to connect to.
"""

from __future__ import annotations

from sandbox.plugins import ssh
from sandbox.plugins.command.connection import ConnectedProvider
from sandbox.plugins.command.copy import CopyToRemote
from sandbox.plugins.command.local import LocalCommand, Run
from sandbox.plugins.command.remote import Command
from sandbox.plugins.provider import Properties


class CommandProvider(ConnectedProvider):
    """
    Holds the connections: the first command to a host makes one, all others share it.
    """

    name = "command"
    resources = [Command, CopyToRemote, LocalCommand]  # noqa: RUF012 -- as the base class declares it
    functions = [Run]  # noqa: RUF012 -- as the base class declares it

    def __init__(self) -> None:
        self.connections = ssh.Connections()

    def check_endpoint(self) -> None:
        """
        Nothing to check: each connection is checked before it is dialled.
        """

    def configure(self, config: Properties) -> None:
        """
        The real plugin takes no configuration either.
        """

    def close(self) -> None:
        """
        End every connection.
        """
        self.connections.close()
