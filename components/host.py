"""
What a server is to be, and making it so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_command import local

from components.server import Server
from hosts import revision
from hosts.request import Request, Target

# From the checkout, which the engine runs providers in: the state is the same in every checkout.
CONVERGE = ".venv/bin/python -m hosts.converge > /dev/null"


@dataclass(frozen=True, kw_only=True)
class HostArgs:
    """
    `declaration` is what the server is to be, without secrets: see components/declarations. `key` is the environment's, empty
    where nothing is derived from it; `offsite` opens the place for copies of backups, {name: secret}, for the server that
    keeps them; `notifications` are the secret addresses of receivers, {name: address}, for those who watch;
    `registry_password` is for those who pull images. `after` has to be there first: disks, and servers whose roles this one's
    need.
    """

    server: Server
    roles: Sequence[str]
    declaration: Input[Mapping[str, Any]]
    key: str = ""
    notifications: Mapping[str, str]
    offsite: Mapping[str, str]
    registry_password: str = ""
    after: Sequence[pulumi.Resource] = ()


class Host(pulumi.ComponentResource):
    """
    A server with its roles: packages, files, units, databases (see hosts/). Converged again when its declaration, its secrets
    or the roles themselves change; what changed behind the engine's back is shown by `flotilla host converge --dry-run`.
    """

    server: Output[str]

    def __init__(self, name: str, args: HostArgs, opts: ResourceOptions | None = None) -> None:
        props = {"server": args.server.hostname, "roles": list(args.roles)}
        super().__init__("flotilla:compute:Host", name, props, opts)
        local.Command(
            f"{name}-roles",
            create=CONVERGE,
            stdin=Output.secret(self._request(args)),  # type: ignore[arg-type] # its type forgets that outputs may be inside
            add_previous_output_in_env=False,
            logging=local.Logging.STDERR,
            opts=ResourceOptions(
                parent=self, depends_on=[args.server.ready, *args.after], deleted_with=args.server.login.server
            ),
        )
        self.has_databases = "db" in args.roles
        self.server = Output.from_input(args.server.hostname)
        self.register_outputs({"server": self.server})

    @staticmethod
    def _request(args: HostArgs) -> Output[str]:
        login = args.server.login
        found = Output.all(login.server_id, login.address, args.server.host_key, args.declaration, login.private_key)

        def written(values: Sequence[Any]) -> str:
            server_id, address, host_key, declaration, private_key = values
            target = Target(
                address=address,
                host_key=host_key,
                declaration=declaration,
                private_key=private_key,
                key=args.key,
                notifications=args.notifications,
                offsite=args.offsite,
                registry_password=args.registry_password,
            )
            return Request(targets=(target,), revision=f"{revision.of_roles()} on {server_id}").text()

        return found.apply(written)
