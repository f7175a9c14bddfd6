"""
Whether what runs fits the servers: memory, cores, and the databases' connections.

Memory is counted as it is during a release: every container of every process, with what it reserves or else with its limit, and
one project's containers twice, because its next release starts before the last one ends (not with `recreate`; jobs once).
Each server keeps memory for the system and for its other roles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from settings.catalog import ServerType
from settings.environment import Environment, Role, ServerPool
from settings.problems import Finding
from settings.process import Kind, Process, Strategy
from settings.project import Project

MEGABYTES_PER_GIGABYTE = 1024
# Debian, Docker, SSH and the agents of monitoring and backup.
SYSTEM_MB = 384
# Caddy and HAProxy with their limits; Prometheus and Alertmanager; restic while it runs.
ROLE_MB = {Role.INGRESS: 512, Role.MONITORING: 512, Role.BACKUP: 128}
# PostgreSQL's shared buffers, with what its connections need.
DATABASE_SHARE = 0.25
# PostgreSQL: each connection is a process of some 10 MB. A fixed number per GB; 3 are kept for administrators.
CONNECTIONS_PER_GB = 25
RESERVED_CONNECTIONS = 3


def room_mb(pool: ServerPool) -> int:
    """
    The memory that one server of a pool has for projects.
    """
    total = pool.hardware.memory_gb * MEGABYTES_PER_GIGABYTE
    taken = SYSTEM_MB + sum(ROLE_MB.get(role, 0) for role in set(pool.roles))
    if Role.DB in pool.roles:
        taken += round(total * DATABASE_SHARE)
    return max(0, total - taken)


def max_connections(hardware: ServerType) -> int:
    """
    How many connections PostgreSQL allows on such a server, those for administrators included.
    """
    return hardware.memory_gb * CONNECTIONS_PER_GB


def container_mb(process: Process) -> int:
    """
    The memory that one container counts with.
    """
    return process.reservations.memory_mb if process.reservations else process.limits.memory_mb


def steady_mb(project: Project) -> int:
    """
    The memory of a project between releases, with all its jobs running.
    """
    return sum(container_mb(process) * process.replicas for process in project.all_processes().values())


def release_mb(project: Project) -> int:
    """
    The memory that a project needs on top of that while a release takes over.
    """
    processes = project.all_processes().values()
    return sum(container_mb(process) * process.replicas for process in processes if starts_first(process))


def starts_first(process: Process) -> bool:
    """
    Whether the next release runs beside the last one.
    """
    return process.kind is not Kind.JOB and process.strategy is not Strategy.RECREATE


def check_capacity(environment: Environment, projects: Mapping[str, Project]) -> Iterator[Finding]:
    """
    What does not fit the environment's servers with all projects together.
    """
    pools = environment.pools(Role.APP)
    if pools and projects:
        room = sum(room_mb(pool) * pool.count for pool in pools.values())
        yield from _check_memory(projects, room, tuple(pools), "the servers with the role `app` have")
        home = home_pool(environment)
        pinned = {name: project for name, project in projects.items() if _has_volumes(project)}
        if home and pinned and sum(pool.count for pool in pools.values()) > 1:
            server = room_mb(pools[home])
            yield from _check_memory(pinned, server, (home,), f"all have volumes, and `{home}-1`, which has the disk, has")
    yield from _check_connections(environment, projects)


def home_pool(environment: Environment) -> str | None:
    """
    The pool whose first server has the projects' volumes; None if no pool for apps has a disk.
    """
    return next((name for name, pool in sorted(environment.pools(Role.APP).items()) if pool.volume_gb), None)


def _has_volumes(project: Project) -> bool:
    return any(process.volumes for process in project.all_processes().values())


def _check_memory(projects: Mapping[str, Project], room: int, pools: tuple[str, ...], where: str) -> Iterator[Finding]:
    steady = {name: steady_mb(project) for name, project in projects.items()}
    release = max(release_mb(project) for project in projects.values())
    needed = sum(steady.values()) + release
    if needed > room:
        most = sorted(steady.items(), key=lambda item: (-item[1], item[0]))[:3]
        listed = ", ".join(f"{name} {megabytes}" for name, megabytes in most)
        yield Finding(
            location=("servers", *(pools if len(pools) == 1 else ())),
            fact=f"{where} {room} MB for projects, which need {needed} MB at once: {listed}"
            f"{', ...' if len(steady) > len(most) else ''}, and {release} more during a release",
            next_step="Lower `limits.memory_mb` or `replicas`, or take more or larger servers",
        )


def _check_connections(environment: Environment, projects: Mapping[str, Project]) -> Iterator[Finding]:
    pools = environment.pools(Role.DB).values()
    wanted = sum(project.database.pool_size for project in projects.values() if project.database)
    if not pools or not wanted:
        return
    # Databases are on the first server with the role.
    allowed = max_connections(next(iter(pools)).hardware) - RESERVED_CONNECTIONS
    if wanted > allowed:
        yield Finding(
            location=("servers",),
            fact=f"the projects' databases have {wanted} connections together, but PostgreSQL allows {allowed} of them",
            next_step="Lower `database.pool_size`, or take a larger server with the role `db`",
        )


def check_process(environment: Environment, process: Process) -> Iterator[Finding]:
    """
    What of one container does not fit the largest server for apps.
    """
    pools = environment.pools(Role.APP).values()
    if not pools:
        return
    largest_mb, cores = max(room_mb(pool) for pool in pools), max(pool.hardware.cores for pool in pools)
    if process.limits.memory_mb > largest_mb:
        yield Finding(
            location=("limits", "memory_mb"),
            fact=f"{process.limits.memory_mb} is more than the {largest_mb} MB that the largest server with the role `app` has "
            "for projects",
            next_step="Lower it, or take larger servers",
        )
    if process.limits.cpus > cores:
        yield Finding(
            location=("limits", "cpus"),
            fact=f"{process.limits.cpus} is more than the {cores} cores of the largest server with the role `app`",
            next_step="Lower it, or take a larger server type",
        )
    if process.volumes and home_pool(environment) is None:
        yield Finding(
            location=("volumes",),
            fact="no server with the role `app` has a disk for volumes",
            next_step=f"Set `volume_gb` on a pool in Pulumi.{environment.name}.yaml",
        )
