"""
A database server on a machine of its own, converged by the real program, and machines beside it: a client, and others.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from hosts import keys, roles
from hosts.host import Host
from hosts.request import Outcome, Target
from ops import hosts
from sandbox.images import MACHINE, machine_image
from tests.integration import plugin_machine
from tests.integration.docker_engine import client_with

KEY = "the key of an environment that is only there for tests"
CLIENT, STRANGER, BACKUP = "app-1", "elsewhere-1", "ops-1"
BOOT_S = 90
TRUSTED = "/root/authority.crt"
PSQL = ("psql", "-XAtq", "-v", "ON_ERROR_STOP=1")


@dataclass
class Database:
    """
    What is declared of one.
    """

    name: str
    generation: int = 1
    extensions: Sequence[str] = ()
    pool_size: int = 5

    @property
    def declared(self) -> dict[str, Any]:
        return {
            "project": self.name,
            "name": self.name,
            "generation": self.generation,
            "extensions": list(self.extensions),
            "pool_size": self.pool_size,
            "connection_limit": self.pool_size + 3,
        }


@dataclass
class DatabaseServer:
    """
    The server, and what it is told to be. `others` are containers on its network: {name: container}.
    """

    machine: plugin_machine.Machine
    others: dict[str, Any]
    databases: list[Database] = field(default_factory=lambda: [Database("ledger", extensions=["pg_trgm"]), Database("shop")])
    changes: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.machine.ip

    def address_of(self, name: str) -> str:
        return _address(self.others[name])

    def told(self) -> dict[str, Any]:
        """
        The declaration of its role.
        """
        return {
            "version": 15,
            "address": self.address,
            "port": 5432,
            "pooler_port": 6432,
            "exporter_port": 9127,
            "data_directory": "/mnt/data/postgresql/15/main",
            "disk_mount": "/mnt/data",
            "disk": "ssd",
            "disk_gb": 10,
            "memory_mb": 1024,
            "cores": 2,
            "max_connections": 50,
            "clients": [self.address_of(CLIENT)],
            "backups": [self.address_of(BACKUP)],
            "databases": [database.declared for database in self.databases],
            **self.changes,
        }

    def target(self) -> Target:
        """
        What the program is asked.
        """
        return Target(
            address=plugin_machine.ADDRESS,
            port=self.machine.port,
            host_key=" ".join(self.machine.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2]),
            declaration={"version": 1, "environment": "local", "server": "data-1", "roles": {"common": {}, "db": self.told()}},
            private_key=self.machine.key.read_text(),
            key=KEY,
        )

    def converge(self, *, is_dry: bool = False) -> Outcome:
        """
        Make it what it is told to be, or look; a failure is in the outcome.
        """
        return hosts.converge([self.target()], is_dry=is_dry)[0]

    def converged(self) -> Outcome:
        """
        The same, and it went well.
        """
        outcome = self.converge()
        assert not outcome.error, outcome.error
        return outcome

    def admin(self, sql: str, database: str = "postgres") -> str:
        """
        What PostgreSQL answers its own user on the server.
        """
        return self.machine.run("runuser", "-u", "postgres", "--", *PSQL, "-d", database, "-c", sql)

    def password(self, database: str, kind: str, generation: int = 1) -> str:
        return keys.secret(KEY, "postgresql", database, kind, generation)

    def ask(
        self,
        sql: str,
        *,
        database: str = "ledger",
        kind: str = "app",
        generation: int = 1,
        user: str | None = None,
        password: str | None = None,
        origin: str = CLIENT,
        port: int = 5432,
        tls: str = "verify-full",
    ) -> subprocess.CompletedProcess[str]:
        """
        The outcome of a statement that another machine sends over the network, as psql has it.
        """
        uri = (
            f"host={self.address} port={port} dbname={database} user={user or f'{database}_{kind}_{generation}'} sslmode={tls}"
        )
        uri += f" sslrootcert={TRUSTED} connect_timeout=10"
        secret = password or self.password(database, kind, generation)
        return subprocess.run(
            ["docker", "exec", "-e", f"PGPASSWORD={secret}", self.others[origin].name, *PSQL, uri, "-c", sql],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def trust(self) -> None:
        """
        Give the other machines the certificate that they check the server by.
        """
        text = self.machine.run("cat", "/etc/flotilla/authority.crt")
        for other in self.others.values():
            subprocess.run(
                ["docker", "exec", "-i", other.name, "tee", TRUSTED],
                input=text,
                text=True,
                check=True,
                capture_output=True,
            )

    def wanted(self) -> dict[str, Any]:
        target = self.target()
        return dict(roles.wanted(Host(declaration=target.declaration, key=target.key)))


def _address(container: Any) -> str:
    container.reload()
    return str(next(iter(container.attrs["NetworkSettings"]["Networks"].values()))["IPAddress"])


@contextmanager
def started(folder: Path) -> Iterator[DatabaseServer]:
    """
    A bare machine that can be logged in to, with a disk, and the others beside it.
    """
    client = client_with(folder, MACHINE)
    with plugin_machine.started_machine(folder) as machine:
        others = {
            name: client.containers.run(
                machine_image(),
                ["sleep", "infinity"],
                name=f"{machine.name}-{name}",
                network=machine.name,
                detach=True,
                init=True,
            )
            for name in (CLIENT, STRANGER, BACKUP)
        }
        try:
            _await_boot(machine)
            machine.run("mkdir", "-p", "/mnt/data")
            machine.run("mount", "-t", "tmpfs", "-o", "mode=0711", "disk", "/mnt/data")
            yield DatabaseServer(machine, others)
        finally:
            for other in others.values():
                other.remove(force=True, v=True)
    client.close()


def _await_boot(machine: plugin_machine.Machine) -> None:
    deadline = time.monotonic() + BOOT_S
    argv = ["docker", "exec", machine.name, "cloud-init", "status"]
    while "done" not in subprocess.run(argv, capture_output=True, text=True, check=False).stdout:
        assert time.monotonic() < deadline, "the machine did not boot"
        time.sleep(0.5)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DatabaseServer]:
    """
    One that the tests of a module share, converged.
    """
    with started(tmp_path_factory.mktemp("machine")) as bare:
        outcome = bare.converged()
        (tmp_path_factory.getbasetemp() / "first.json").write_text(json.dumps([change.name for change in outcome.changes]))
        bare.trust()
        yield bare
