"""
What a backup server is to fetch: every project's data and the ingress servers' certificates, how often, how long it is kept,
and when a restore is tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components import caddyfile
from components.declarations import db
from components.naming import DATA, all_servers, volume_home
from settings import Project, Role, Settings
from settings.care import Offsite, ProjectBackup, Retention
from settings.gaps import longest_gap_s
from settings.reserved import INGRESS
from settings.schedule import on_calendar

# Where a restored cluster answers, to the private network, while its data is taken over.
SERVE_PORT = 6543
WITHOUT_DISK = "/var/lib/flotilla-backups"


@dataclass(frozen=True, kw_only=True)
class Policy:
    """
    How one project is backed up, or the ingress servers as the project `ingress`. `covers` names the data: `database:<name>`,
    `volume:<name>`.
    """

    project: str
    schedule: str
    retention: Retention
    offsite: Offsite | None
    drill_interval_days: int
    covers: tuple[str, ...]


def policies(settings: Settings) -> list[Policy]:
    """
    Every project with data, by name, and the ingress servers. Empty when the environment has no backups.
    """
    projects = [project for _, project in sorted(settings.projects.items())]
    found = [_policy(settings, project.name, _covers(project), project.backup) for project in projects]
    return [policy for policy in (*found, _policy(settings, INGRESS, certificates(settings))) if policy]


def certificates(settings: Settings) -> list[str]:
    """
    What is backed up of the ingress servers: one `volume:<name>` for each.
    """
    return [f"{place['kind']}:{place['name']}" for place in _certificates(settings)] if settings.environment.backup else []


def volumes(project: Project) -> list[str]:
    """
    The names of a project's volumes, each once: processes that name the same one share it. One that only its migration sees is
    one too, as long as it is named.
    """
    imports = project.database.imports if project.database else ()
    own = [volume for process in project.all_processes().values() for volume in process.volumes]
    return sorted({volume.name for volume in (*own, *imports)})


def _covers(project: Project) -> list[str]:
    databases = [f"database:{project.database.name}"] if project.database else []
    return databases + [f"volume:{name}" for name in volumes(project)]


def _policy(settings: Settings, name: str, covers: list[str], own: ProjectBackup | None = None) -> Policy | None:
    general = settings.environment.backup
    if general is None or not covers:
        return None
    return Policy(
        project=name,
        schedule=own.schedule if own and own.schedule else general.schedule,
        retention=own.retention if own and own.retention else general.retention,
        offsite=general.offsite,
        drill_interval_days=general.drill_interval_days,
        covers=tuple(covers),
    )


def declare(settings: Settings, server: str, addresses: Mapping[str, str]) -> dict[str, Any]:
    """
    Backups are fetched by this server, so that none of the others could delete them. `on_calendar` is the schedule for systemd,
    `stanzas` are the database clusters, by their servers, and `databases` in one {database: project}. The host keys of those
    servers are known only when they are there: see `with_host_keys`.
    """
    _, pool = all_servers(settings)[server]
    general = settings.environment.backup
    found = policies(settings)
    return {
        "address": addresses[server],
        "serve_port": SERVE_PORT,
        "repository": f"{DATA}/backups" if pool.volume_gb else WITHOUT_DISK,
        "encrypted": True,
        "offsite": general.offsite.model_dump(mode="json") if general and general.offsite else None,
        "policies": [_declared(settings, policy, addresses) for policy in found],
        "stanzas": _stanzas(settings, found, addresses),
        "host_keys": {},
    }


def with_host_keys(declared: Mapping[str, Any], host_keys: Mapping[str, str]) -> dict[str, Any]:
    """
    What is declared, with the host keys of the servers that data is fetched from: {private address: host key}.
    """
    sources = [source for policy in declared["policies"] for source in policy["sources"]]
    return {**declared, "host_keys": {source["address"]: host_keys[source["server"]] for source in sources}}


def _stanzas(settings: Settings, found: list[Policy], addresses: Mapping[str, str]) -> dict[str, Any]:
    home = db.home(settings)
    names = {policy.project for policy in found}
    projects = {name: project for name, project in settings.projects.items() if name in names and project.database}
    if home is None or not projects:
        return {}
    declared = db.declare(settings, home, addresses)
    kept = ("address", "port", "version", "data_directory")
    databases = {project.database.name: name for name, project in sorted(projects.items()) if project.database}
    return {home: {**{name: declared[name] for name in kept}, "databases": databases}}


def _declared(settings: Settings, policy: Policy, addresses: Mapping[str, str]) -> dict[str, Any]:
    return {
        "project": policy.project,
        "schedule": policy.schedule,
        "on_calendar": on_calendar(policy.schedule),
        "longest_gap_s": longest_gap_s(policy.schedule),
        "retention": policy.retention.model_dump(),
        "drill_interval_days": policy.drill_interval_days,
        "sources": [{**place, "address": addresses[place["server"]]} for place in places(settings, policy)],
    }


def places(settings: Settings, policy: Policy) -> list[dict[str, Any]]:
    """
    Where a project's data is: {kind, name, server}, for volumes `path`, and `left_out` where not all of it is fetched.
    """
    if policy.project == INGRESS:
        return _certificates(settings)
    return [_place(settings, policy.project, covered) for covered in policy.covers]


def _certificates(settings: Settings) -> list[dict[str, Any]]:
    servers = [name for name, (_, pool) in all_servers(settings).items() if Role.INGRESS in pool.roles]
    place = {"kind": "volume", "path": caddyfile.DATA, "left_out": [caddyfile.LOCKS]}
    return [{**place, "name": f"certificates-{server}", "server": server} for server in servers]


def _place(settings: Settings, project: str, covered: str) -> dict[str, Any]:
    kind, _, name = covered.partition(":")
    server = db.home(settings) if kind == "database" else volume_home(settings)
    if server is None:
        raise ValueError(f"{covered} of {project} is on no server")
    place = {} if kind == "database" else {"path": f"{DATA}/{project}/{name}"}
    return {"kind": kind, "name": name, "server": server, **place}
