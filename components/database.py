"""
PostgreSQL: which server has it, and which databases are there. Declared here; the host's role `db` makes it so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi import Output, ResourceOptions

from components.host import Host
from components.server import Server
from components.service import SECRETS
from hosts import authority, keys
from hosts.logins import APP, OWNER, login, purpose

# Files that a project's containers have. The last is its migration's only.
DATABASE_URL, DATABASE_AUTHORITY = FOR_PROCESSES = ("DATABASE_URL", "DATABASE_AUTHORITY")
DATABASE_OWNER_URL = "DATABASE_OWNER_URL"


@dataclass(frozen=True, kw_only=True)
class DatabaseServerArgs:
    """
    `memory_gb` and `cores` are the machine's. `host` is the server with its roles: databases are there after it. `key` is the
    environment's, which passwords are derived from.
    """

    server: Server
    host: Host
    memory_gb: int
    cores: int
    port: int
    pooler_port: int
    key: str = field(repr=False)


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
        self.pooler_port = args.pooler_port
        self.server_id = args.server.server_id
        self.host = args.host
        self.key = args.key
        # On the side: what it takes to make one is slow to import.
        certificate: pulumi.Input[str] = asyncio.to_thread(authority.certificate, args.key) if args.key else ""
        self.authority: Output[str] = Output.from_input(certificate)
        self.register_outputs({"address": self.address, "port": self.port})


@dataclass(frozen=True, kw_only=True)
class DatabaseArgs:
    """
    `pool_size` is how many connections the project may have, `generation` that of its passwords.
    """

    project: str
    name: str
    server: DatabaseServer
    extensions: Sequence[str]
    pool_size: int
    generation: int


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
            "generation": args.generation,
        }
        super().__init__("flotilla:data:Database", name, props, opts)
        self._args = args
        self.server_id = args.server.server_id
        self.host = args.server.host
        self.name = Output.from_input(args.name)
        self.address = args.server.address
        self.port = args.server.port
        self.register_outputs({"name": self.name, "address": self.address, "port": self.port})

    def secrets(self, *, has_migration: bool) -> Mapping[str, Output[str]]:
        """
        What containers log in with: {name of the file: content}. Processes go through the pooler, the migration does not: it
        needs a session of its own.
        """
        server = self._args.server
        found = {DATABASE_URL: self._url(APP, server.pooler_port), DATABASE_AUTHORITY: server.authority}
        return found | ({DATABASE_OWNER_URL: self._url(OWNER, server.port)} if has_migration else {})

    def _url(self, kind: str, port: pulumi.Input[int]) -> Output[str]:
        name, generation = self._args.name, self._args.generation
        user, password = login(name, kind, generation), keys.secret(self._args.server.key, *purpose(name, kind, generation))
        options = f"sslmode=verify-full&sslrootcert={SECRETS}/{DATABASE_AUTHORITY}"
        return Output.secret(
            Output.format("postgresql://{0}:{1}@{2}:{3}/{4}?{5}", user, password, self.address, port, name, options)
        )
