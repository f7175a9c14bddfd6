"""
A fleet as far as costs go: what is billed, and what each project has reserved of which server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from components.naming import all_servers, volume_home
from settings import Process, Role, Settings
from settings.billing import Item, Kind, server_items
from settings.capacity import (
    DATABASE_SHARE,
    MEGABYTES_PER_GIGABYTE,
    RESERVED_CONNECTIONS,
    ROLE_MB,
    SYSTEM_MB,
    container_mb,
    max_connections,
)
from settings.catalog import LOAD_BALANCER_TYPE, SERVER_TYPES
from settings.entry import Entry
from settings.stacks import is_sandbox

# Whose part is for all: the system, ingress, backups, monitoring.
EVERYBODY = ""


@dataclass(frozen=True, kw_only=True)
class Server:
    """
    One server.
    """

    name: str
    type: str
    location: str
    roles: tuple[str, ...]
    volume_gb: int | None


@dataclass(frozen=True, kw_only=True)
class Part:
    """
    What a project is sure to get of a server, as shares of its memory and its processors. `project` may be EVERYBODY.
    """

    project: str
    server: str
    memory: Fraction
    cpus: Fraction


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """
    One environment. `elsewhere` says what is paid to others than Hetzner.
    """

    environment: str
    budget_eur: Decimal | None
    is_rehearsal: bool
    servers: tuple[Server, ...]
    items: tuple[Item, ...]
    parts: tuple[Part, ...]
    projects: tuple[str, ...]
    unserved: tuple[str, ...]
    elsewhere: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Container:
    """
    All containers of one process. `server` is the only one that they may run on; empty: any with the role `app`.
    """

    project: str
    memory_mb: int
    cpus: Fraction
    server: str


def from_settings(settings: Settings) -> Fleet:
    """
    What the settings ask for, whether it was ever brought up or not.
    """
    environment = settings.environment
    servers = tuple(
        Server(
            name=name,
            type=pool.type,
            location=pool.location or environment.location,
            roles=tuple(role.value for role in pool.roles),
            volume_gb=pool.volume_gb,
        )
        for name, (_, pool) in all_servers(settings).items()
    )
    home = volume_home(settings) or ""
    containers = [
        _container(project.name, process, home)
        for project, _ in settings.served
        for process in project.all_processes().values()
    ]
    pools = {project.name: project.database.pool_size for project, _ in settings.served if project.database}
    offsite = environment.backup.offsite if environment.backup else None
    return Fleet(
        environment=environment.name,
        budget_eur=None if environment.budget_eur is None else Decimal(str(environment.budget_eur)),
        is_rehearsal=is_sandbox(settings.stack),
        servers=servers,
        items=tuple(_items(environment.name, servers, environment.entry, has_ipv6=environment.network.ipv6)),
        parts=tuple(_parts(servers, containers, pools)),
        projects=tuple(project.name for project, _ in settings.served),
        unserved=settings.unserved,
        elsewhere=(f"copies of the backups: {offsite.kind.value} in {offsite.location}",) if offsite else (),
    )


def from_outputs(outputs: Mapping[str, Any]) -> Fleet:
    """
    What was brought up, by a stack's outputs document. It tells limits, not reservations, and counts those.
    """
    environment = outputs["environment"]
    servers = tuple(
        Server(name=name, type=row["type"], location=row["location"], roles=tuple(row["roles"]), volume_gb=row.get("volume_gb"))
        for name, row in sorted(outputs["servers"].items())
    )
    budget, entry = environment.get("budget_eur"), Entry((outputs.get("entry") or {}).get("kind", Entry.SERVER))
    projects, offsite = outputs["projects"], (outputs.get("backup") or {}).get("offsite")
    return Fleet(
        environment=environment["name"],
        budget_eur=None if budget is None else Decimal(str(budget)),
        is_rehearsal=is_sandbox(environment["stack"]),
        servers=servers,
        items=tuple(_items(environment["name"], servers, entry, has_ipv6=outputs["network"]["ipv6"])),
        parts=tuple(_parts(servers, list(_running(servers, projects)), _pool_sizes(projects))),
        projects=tuple(sorted(projects)),
        unserved=tuple(outputs["unserved"]),
        elsewhere=(f"copies of the backups: {offsite}",) if offsite else (),
    )


def _container(project: str, process: Process, home: str) -> Container:
    sure = process.reservations or process.limits
    return Container(
        project=project,
        memory_mb=container_mb(process) * process.replicas,
        cpus=Fraction(str(sure.cpus)) * process.replicas,
        server=home if process.volumes else "",
    )


def _running(servers: Iterable[Server], projects: Mapping[str, Any]) -> Iterator[Container]:
    apps = [server for server in servers if Role.APP in server.roles]
    home = next((server.name for server in apps if server.volume_gb), apps[0].name if apps else "")
    for name, project in sorted(projects.items()):
        for process in project["processes"].values():
            yield Container(
                project=name,
                memory_mb=process["memory_mb"] * process["replicas"],
                cpus=Fraction(str(process["cpus"])) * process["replicas"],
                server=home if project["volumes"] else "",
            )


def _pool_sizes(projects: Mapping[str, Any]) -> dict[str, int]:
    return {name: project["database"]["pool_size"] for name, project in sorted(projects.items()) if project.get("database")}


def _items(environment: str, servers: Iterable[Server], entry: Entry, *, has_ipv6: bool) -> Iterator[Item]:
    for server in servers:
        yield from server_items(server.name, server.type, server.location)
        if server.volume_gb:
            name = f"{server.name}-data"
            yield Item(kind=Kind.VOLUME, name=name, location=server.location, size_gb=server.volume_gb, server=server.name)
    location = next((server.location for server in servers if Role.INGRESS in server.roles), "")
    if entry is Entry.LOAD_BALANCER:
        yield Item(kind=Kind.LOAD_BALANCER, name=f"{environment}-entry", type=LOAD_BALANCER_TYPE, location=location)
    if entry is Entry.FLOATING_IP:
        for kind in ("ipv4", "ipv6") if has_ipv6 else ("ipv4",):
            yield Item(kind=Kind.FLOATING_IP, name=f"{environment}-entry-{kind}", type=kind, location=location)


def _parts(servers: Iterable[Server], containers: Iterable[Container], pools: Mapping[str, int]) -> Iterator[Part]:
    """
    Containers that may run on several servers count with an equal part on each. Databases reserve connections, of what their
    server has for PostgreSQL: all of it, or a share where containers run beside it. Unknown types have no parts.
    """
    known = [server for server in servers if server.type in SERVER_TYPES]
    apps = [server for server in known if Role.APP in server.roles]
    first_db = next((server for server in known if Role.DB in server.roles), None)
    for server in known:
        hardware = SERVER_TYPES[server.type]
        total_mb = hardware.memory_gb * MEGABYTES_PER_GIGABYTE
        taken = SYSTEM_MB + sum(ROLE_MB[Role(role)] for role in server.roles if role in ROLE_MB)
        yield Part(project=EVERYBODY, server=server.name, memory=Fraction(taken, total_mb), cpus=Fraction(0))
        for container in containers if server in apps else ():
            if container.server in ("", server.name):
                spread = 1 if container.server else len(apps)
                yield Part(
                    project=container.project,
                    server=server.name,
                    memory=Fraction(container.memory_mb, total_mb * spread),
                    cpus=container.cpus / (hardware.cores * spread),
                )
        if server is first_db:
            room = Fraction(str(DATABASE_SHARE)) if server in apps else Fraction(1)
            allowed = max_connections(hardware) - RESERVED_CONNECTIONS
            for project, size in pools.items():
                share = room * Fraction(size, allowed)
                yield Part(project=project, server=server.name, memory=share, cpus=share)
