"""
What commands are filled with: the environment's own names, from its settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ops.runbooks.runbook import Command, run
from settings import Environment, Kind, Project, Settings, Strategy
from settings.secrets import KEY, NOTIFICATIONS, OFFSITE, PROJECTS, REGISTRY, SecretNames
from settings.stacks import is_sandbox

MOST = 12
"""How many of a kind a page has commands for; the others are done alike."""
PROGRAM = "flotilla"
SERVER, DISK = "flotilla:compute:Server$hcloud:index/server:Server", "flotilla:storage:Volume$hcloud:index/volume:Volume"


@dataclass(frozen=True, kw_only=True)
class ServerName:
    """
    A server, with its pool and what is known of it. `has_disk`: one for data.
    """

    name: str
    pool: str
    roles: frozenset[str]
    location: str
    has_disk: bool


@dataclass(frozen=True, kw_only=True)
class ProjectName:
    """
    A project. `site` is the name that it answers to, empty for none.
    """

    name: str
    site: str
    database: str
    volumes: tuple[str, ...]
    is_canary_possible: bool


@dataclass(frozen=True, kw_only=True)
class Names:
    """
    `secrets` are paths below `flotilla:secrets`, such as `("projects", "ledger", "SESSION_KEY")`. `offsite` is how copies
    off-site are spoken to, empty where there are none.
    """

    stack: str
    is_sandbox: bool
    location: str
    servers: tuple[ServerName, ...]
    projects: tuple[ProjectName, ...]
    secrets: tuple[tuple[str, ...], ...]
    zones: tuple[str, ...]
    postgresql: int = 15
    offsite: str = ""
    is_acme: bool = False

    @property
    def file(self) -> str:
        """
        Where the environment is written down.
        """
        return f"Pulumi.{self.stack}.yaml"

    def having(self, *roles: str) -> tuple[ServerName, ...]:
        """
        The servers with one of these roles.
        """
        return tuple(found for found in self.servers if found.roles & set(roles))

    def first(self, *roles: str) -> str:
        """
        The first server with one of these roles; where there is none, words to be replaced.
        """
        return next((found.name for found in self.having(*roles)), f"<{roles[0]} server>")

    @property
    def manager(self) -> str:
        """
        The server that answers for the swarm: as components/fleet.py chooses it.
        """
        return self.having("ingress")[0].name if self.having("ingress") else self.first("app")

    @property
    def volume_home(self) -> str:
        """
        The server that projects' volumes are on: as components/naming.py chooses it.
        """
        apps = self.having("app")
        return next((found.name for found in apps if found.has_disk), self.first("app"))

    @property
    def project(self) -> str:
        """
        The first project, for an example.
        """
        return self.projects[0].name if self.projects else "<project>"

    @property
    def shown(self) -> tuple[ProjectName, ...]:
        """
        The projects that pages have commands for.
        """
        return self.projects[:MOST]

    @property
    def with_database(self) -> tuple[ProjectName, ...]:
        """
        Those that have one.
        """
        return tuple(found for found in self.projects if found.database)

    @property
    def database(self) -> tuple[str, str]:
        """
        The first project with a database, and that database.
        """
        return next(((found.name, found.database) for found in self.with_database), ("<project>", "<database>"))

    def flotilla(self, *words: str) -> Command:
        """
        A `flotilla` command on this stack.
        """
        return run("flotilla", *words, "-s", self.stack)

    def critical(self, *words: str, reason: str) -> Command:
        """
        A `flotilla` command that is approved as critical without a terminal.
        """
        return self.flotilla(*words, "--approve", "critical", "--reason", reason)

    def pulumi(self, *words: str) -> Command:
        """
        A `pulumi` command on this stack.
        """
        return run("pulumi", *words, "-s", self.stack)

    def on(self, server: str, *argv: str) -> Command:
        """
        A command on a server, as root.
        """
        return run("flotilla", "host", "ssh", "-s", self.stack, server, "--", *argv)

    def psql(self, database: str, statement: str) -> Command:
        """
        A statement, as PostgreSQL's own user on the database server.
        """
        argv = ("runuser", "-u", "postgres", "--", "psql", "-X", "-d", database, "-c", statement)
        return self.on(self.first("db"), *argv)

    def set_secret(self, *path: str) -> Command:
        """
        The command that asks for a secret's value.
        """
        return self.flotilla("secrets", "set", ".".join(path))

    def server_urn(self, server: str) -> str:
        """
        A server, as the state calls it.
        """
        return f"urn:pulumi:{self.stack}::{PROGRAM}::{SERVER}::{server}-server"

    def disk_urn(self, server: str) -> str:
        """
        A server's disk for data, as the state calls it.
        """
        return f"urn:pulumi:{self.stack}::{PROGRAM}::{DISK}::{server}-data-disk"

    def unprotect(self, *servers: ServerName, with_disks: bool) -> Command:
        """
        The state lets these be deleted, and their disks too or not.
        """
        urns = [
            urn
            for found in servers
            for urn in (self.server_urn(found.name), *([self.disk_urn(found.name)] if with_disks and found.has_disk else []))
        ]
        return self.pulumi("state", "unprotect", *urns, "--yes")

    def restored_volumes(self) -> tuple[Command, ...]:
        """
        Every volume of the projects that are shown, given back in its place.
        """
        return tuple(
            self.flotilla("restore", found.name, "--volume", volume, "--over-existing")
            for found in self.shown
            for volume in found.volumes
        )


def of(settings: Settings) -> Names:
    """
    The names of an environment.
    """
    environment = settings.environment
    return Names(
        stack=settings.stack,
        is_sandbox=is_sandbox(settings.stack),
        location=environment.location,
        servers=tuple(_servers(environment)),
        projects=tuple(_project(settings, found) for _, found in sorted(settings.projects.items())),
        secrets=tuple(_secrets(settings.secrets)),
        zones=environment.all_zones,
        postgresql=environment.postgresql.version,
        offsite=environment.backup.offsite.kind if environment.backup and environment.backup.offsite else "",
        is_acme=environment.ingress.tls.acme is not None,
    )


def _servers(environment: Environment) -> Iterator[ServerName]:
    for pool_name, pool in sorted(environment.servers.items()):
        for number in range(1, pool.count + 1):
            yield ServerName(
                name=f"{pool_name}-{number}",
                pool=pool_name,
                roles=frozenset(role.value for role in pool.roles),
                location=pool.location or environment.location,
                has_disk=pool.volume_gb is not None,
            )


def _project(settings: Settings, project: Project) -> ProjectName:
    processes = project.all_processes().values()
    sites = [name for process in processes for name in settings.hostnames(process)]
    stops = any(process.kind is not Kind.JOB and process.strategy is Strategy.RECREATE for process in processes)
    return ProjectName(
        name=project.name,
        site=sites[0] if sites else "",
        database=project.database.name if project.database else "",
        volumes=tuple(volume.name for process in processes for volume in process.volumes),
        is_canary_possible=bool(sites) and not stops and not project.maintenance,
    )


def _secrets(names: SecretNames) -> Iterator[tuple[str, ...]]:
    if names.has_key:
        yield (KEY,)
    for project, found in sorted(names.projects.items()):
        yield from ((PROJECTS, project, name) for name in sorted(found))
    yield from ((NOTIFICATIONS, name) for name in sorted(names.notifications))
    yield from ((OFFSITE, name) for name in sorted(names.offsite))
    if names.has_registry:
        yield (REGISTRY,)
