"""
PostgreSQL: which server has it, and which databases are there. Declared here; the host's role `db` makes it so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from components.server import Server


@dataclass(frozen=True, kw_only=True)
class DatabaseServerArgs:
    """
    `memory_gb` and `cores` are the machine's.
    """

    server: Server
    memory_gb: int
    cores: int
    port: int


class DatabaseServer(pulumi.ComponentResource):
    """
    A server that has PostgreSQL, reached through the private network only.
    """

    address: Output[str]
    port: Output[int]

    def __init__(self, name: str, args: DatabaseServerArgs, opts: ResourceOptions | None = None) -> None:
        props = {"server": args.server.hostname, "memoryGb": args.memory_gb, "cores": args.cores}
        super().__init__("flotilla:data:DatabaseServer", name, props, opts)
        self.hostname = args.server.hostname
        self.address = args.server.private_ip
        self.port = Output.from_input(args.port)
        self.register_outputs({"address": self.address, "port": self.port})


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """
    `name` is the database's, and that of the user who owns it. `pool_size` is how many connections the project may have.
    """

    project: str
    name: str
    server: DatabaseServer
    extensions: Sequence[str]
    pool_size: int


class Database(pulumi.ComponentResource):
    """
    A project's database.
    """

    name: Output[str]
    address: Output[str]
    port: Output[int]

    def __init__(self, name: str, args: DatabaseArgs, opts: ResourceOptions | None = None) -> None:
        props = {
            "project": args.project,
            "name": args.name,
            "server": args.server.hostname,
            "extensions": list(args.extensions),
            "poolSize": args.pool_size,
        }
        super().__init__("flotilla:data:Database", name, props, opts)
        self.name = Output.from_input(args.name)
        self.address = args.server.address
        self.port = args.server.port
        self.register_outputs({"name": self.name, "address": self.address, "port": self.port})
