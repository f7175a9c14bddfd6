"""
What stops when a server dies: by where containers may run, how many there are, what only that server does, and what it holds.

Of the first hours: nobody has mended anything, and the server does not come back by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from components.declarations import db
from components.naming import all_servers, volume_home
from settings import Kind, Process, Project, Role, Settings
from settings.capacity import container_mb, room_mb
from settings.entry import Entry


class Effect(IntEnum):
    """
    How something fares, the worst last. MOVES: away for the moment that it takes to start elsewhere. WEAKER: goes on with less.
    """

    NONE = 0
    WEAKER = 1
    MOVES = 2
    MAY_STOP = 3
    STOPS = 4


class Reason(StrEnum):
    """
    Why.
    """

    NO_WAY_IN = "no way in"
    DATABASE = "database"
    VOLUME = "volume"
    ONLY_SERVER = "only server"
    NOT_RESTARTED = "not restarted"
    NOBODY_STARTS_JOBS = "nobody starts jobs"
    NO_ROOM = "no room"
    ONE_OF_SEVERAL = "one of several"
    STARTED_ELSEWHERE = "started elsewhere"
    UNTOUCHED = "untouched"


class Duty(StrEnum):
    """
    What an environment needs a server for, beside its projects.
    """

    RELEASES = "releases"
    WAY_IN = "way in"
    DATABASES = "databases"
    BACKUPS = "backups"
    WATCH = "watch"


@dataclass(frozen=True, kw_only=True)
class Impact:
    """
    How one process of a project fares.
    """

    project: str
    process: str
    effect: Effect
    reason: Reason


@dataclass(frozen=True, kw_only=True)
class Loss:
    """
    What the loss of a server does. `duties` are {what nobody does any more, or what others go on with: how it fares}.
    """

    server: str
    impacts: tuple[Impact, ...]
    duties: Mapping[Duty, Effect]

    def groups(self) -> dict[tuple[Effect, Reason], dict[str, tuple[str, ...]]]:
        """
        What fares alike, the worst first: {(how, why): {project: its processes}}.
        """
        found: dict[tuple[Effect, Reason], dict[str, tuple[str, ...]]] = {}
        for impact in sorted(self.impacts, key=lambda impact: -impact.effect):
            projects = found.setdefault((impact.effect, impact.reason), {})
            projects[impact.project] = (*projects.get(impact.project, ()), impact.process)
        return found

    @property
    def worst(self) -> Effect:
        """
        The worst of all.
        """
        return max([*(impact.effect for impact in self.impacts), *self.duties.values()], default=Effect.NONE)


def losses(settings: Settings) -> tuple[Loss, ...]:
    """
    For each server, what its loss does to the projects that are served.
    """
    return tuple(_loss(settings, server) for server in all_servers(settings))


def manager(settings: Settings) -> str | None:
    """
    The server that starts containers and jobs: the first with the ingress, else the first for apps (components/fleet.py).
    """
    servers = all_servers(settings).items()
    ingress = [name for name, (_, pool) in servers if Role.INGRESS in pool.roles]
    return next(iter([*ingress, *(name for name, (_, pool) in servers if Role.APP in pool.roles)]), None)


def _loss(settings: Settings, server: str) -> Loss:
    has_room = _has_room(settings, server)
    impacts = tuple(
        _impact(settings, server, project, name, process, has_room=has_room)
        for project, _ in settings.served
        for name, process in project.all_processes().items()
    )
    return Loss(server=server, impacts=impacts, duties=dict(_duties(settings, server)))


def _impact(settings: Settings, server: str, project: Project, name: str, process: Process, *, has_room: bool) -> Impact:
    found = [
        *_by_way_in(settings, server, process),
        *_by_database(settings, server, project, process),
        _by_place(settings, server, process, has_room=has_room),
    ]
    effect, reason = max(found, key=lambda pair: pair[0])
    return Impact(project=project.name, process=name, effect=effect, reason=reason)


def _by_way_in(settings: Settings, server: str, process: Process) -> Iterator[tuple[Effect, Reason]]:
    if process.kind in (Kind.WEB, Kind.STATIC) and _is_only_way_in(settings, server):
        yield Effect.STOPS, Reason.NO_WAY_IN


def _is_only_way_in(settings: Settings, server: str) -> bool:
    """
    Whether no request gets in without it: names lead to the first server with the ingress, or to a load balancer before all.
    """
    ingress = _names(settings, Role.INGRESS)
    if not ingress:
        return False
    return ingress == [server] or (settings.environment.entry is not Entry.LOAD_BALANCER and ingress[0] == server)


def _by_database(settings: Settings, server: str, project: Project, process: Process) -> Iterator[tuple[Effect, Reason]]:
    if project.database and process.kind is not Kind.STATIC and server == db.home(settings):
        yield Effect.STOPS, Reason.DATABASE


def _by_place(settings: Settings, server: str, process: Process, *, has_room: bool) -> tuple[Effect, Reason]:
    """
    By where its containers may be. A job is started by the manager, on any of these servers.
    """
    home = volume_home(settings)
    places = [home] if process.volumes else _names(settings, Role.APP)
    is_manager = server == manager(settings)
    if places == [server]:
        return Effect.STOPS, Reason.VOLUME if process.volumes else Reason.ONLY_SERVER
    if process.kind is Kind.JOB:
        return (Effect.STOPS, Reason.NOBODY_STARTS_JOBS) if is_manager else (Effect.NONE, Reason.UNTOUCHED)
    if server not in places:
        return Effect.NONE, Reason.UNTOUCHED
    if process.replicas > 1:
        return Effect.WEAKER, Reason.ONE_OF_SEVERAL
    if is_manager:
        return Effect.MAY_STOP, Reason.NOT_RESTARTED
    return (Effect.MOVES, Reason.STARTED_ELSEWHERE) if has_room else (Effect.MAY_STOP, Reason.NO_ROOM)


def _has_room(settings: Settings, server: str) -> bool:
    """
    Whether the servers that are left have memory for all containers that are not bound to the lost one.
    """
    home = volume_home(settings)
    room = sum(room_mb(pool) for name, (_, pool) in all_servers(settings).items() if Role.APP in pool.roles and name != server)
    needed = sum(
        container_mb(process) * process.replicas
        for project, _ in settings.served
        for process in project.all_processes().values()
        if not (process.volumes and server == home)
    )
    return needed <= room


def _duties(settings: Settings, server: str) -> Iterator[tuple[Duty, Effect]]:
    """
    What the server's roles are for. Every backup server fetches everything, and every monitoring server watches everything.
    """
    if server == manager(settings):
        yield Duty.RELEASES, Effect.STOPS
    if server in _names(settings, Role.INGRESS):
        yield Duty.WAY_IN, Effect.STOPS if _is_only_way_in(settings, server) else Effect.WEAKER
    if server == db.home(settings) and any(project.database for project in settings.projects.values()):
        yield Duty.DATABASES, Effect.STOPS
    if settings.environment.backup:
        yield from _shared(settings, server, Role.BACKUP, Duty.BACKUPS)
    if settings.environment.monitoring:
        yield from _shared(settings, server, Role.MONITORING, Duty.WATCH)


def _shared(settings: Settings, server: str, role: Role, duty: Duty) -> Iterator[tuple[Duty, Effect]]:
    found = _names(settings, role)
    if server in found:
        yield duty, Effect.STOPS if len(found) == 1 else Effect.WEAKER


def _names(settings: Settings, role: Role) -> list[str]:
    return [name for name, (_, pool) in all_servers(settings).items() if role in pool.roles]
