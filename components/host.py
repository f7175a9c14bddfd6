"""
What a server is to be: its roles' declarations, where the roles read them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions

from components.remote import step
from components.server import Server

# Where a host's roles find the declaration.
PATH = "/etc/flotilla/host.json"


@dataclass(frozen=True, kw_only=True)
class HostArgs:
    """
    `declaration` is the whole document, without secrets.
    """

    server: Server
    roles: Sequence[str]
    declaration: Input[Mapping[str, Any]]


class Host(pulumi.ComponentResource):
    """
    The declaration of a server, on the server. Making it so is the roles' work, which see what differs.
    """

    path: Output[str]

    def __init__(self, name: str, args: HostArgs, opts: ResourceOptions | None = None) -> None:
        props = {"server": args.server.hostname, "roles": list(args.roles)}
        super().__init__("flotilla:compute:Host", name, props, opts)
        step(
            f"{name}-declaration",
            login=args.server.login,
            run="host.sh",
            data={"DECLARATION": Output.from_input(args.declaration).apply(_compact)},
            opts=ResourceOptions(parent=self, depends_on=[args.server.ready]),
        )
        self.path = Output.from_input(PATH)
        self.register_outputs({"path": self.path})


def _compact(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"))
