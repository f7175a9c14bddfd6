"""
What a backup server is to fetch: every project's data, how often, how long it is kept, and when a restore is tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components import caddyfile
from components.declarations import db
from components.naming import DATA, all_servers, volume_home
from settings import Project, Role, Settings
from settings.care import Offsite, Retention
from settings.schedule import on_calendar


@dataclass(frozen=True, kw_only=True)
class Policy:
    """
    How one project is backed up. `covers` names its data: `database:<name>`, `volume:<name>`.
    """

    project: str
    schedule: str
    retention: Retention
    offsite: Offsite | None
    drill_interval_days: int
    covers: tuple[str, ...]


def policies(settings: Settings) -> list[Policy]:
    """
    Every project with data, by name. Empty when the environment has no backups.
    """
    found = (_policy(settings, project) for _, project in sorted(settings.projects.items()))
    return [policy for policy in found if policy]


def volumes(project: Project) -> list[str]:
    """
    The names of a project's volumes, each once: processes that name the same one share it. One that only its migration sees is
    one too, as long as it is named.
    """
    imports = project.database.imports if project.database else ()
    own = [volume for process in project.all_processes().values() for volume in process.volumes]
    return sorted({volume.name for volume in (*own, *imports)})


def _policy(settings: Settings, project: Project) -> Policy | None:
    general, own = settings.environment.backup, project.backup
    covers = [f"database:{project.database.name}"] if project.database else []
    covers += [f"volume:{name}" for name in volumes(project)]
    if general is None or not covers:
        return None
    return Policy(
        project=project.name,
        schedule=own.schedule if own and own.schedule else general.schedule,
        retention=own.retention if own and own.retention else general.retention,
        offsite=general.offsite,
        drill_interval_days=general.drill_interval_days,
        covers=tuple(covers),
    )


def declare(settings: Settings, server: str, addresses: Mapping[str, str]) -> dict[str, Any]:
    """
    Backups are fetched by this server, so that none of the others could delete them. `on_calendar` is the schedule for systemd.
    """
    _, pool = all_servers(settings)[server]
    general = settings.environment.backup
    return {
        "repository": f"{DATA}/backups" if pool.volume_gb else None,
        "encrypted": True,
        "offsite": general.offsite.model_dump(mode="json") if general and general.offsite else None,
        "configuration": configuration(settings, addresses),
        "policies": [_declared(settings, policy, addresses) for policy in policies(settings)],
    }


def configuration(settings: Settings, addresses: Mapping[str, str]) -> list[dict[str, str]]:
    """
    What servers hold that belongs to no project and cannot be made again at will: with ACME, the accounts and certificates of
    each ingress server, because authorities count how many they sign. In the form of a project's sources, of kind
    `configuration`.
    """
    if settings.environment.ingress.tls.acme is None:
        return []
    ingress = [name for name, (_, pool) in all_servers(settings).items() if Role.INGRESS in pool.roles]
    return [
        {
            "kind": "configuration",
            "name": "certificates",
            "server": name,
            "address": addresses[name],
            "path": f"{caddyfile.STATE}/data",
        }
        for name in ingress
    ]


def _declared(settings: Settings, policy: Policy, addresses: Mapping[str, str]) -> dict[str, Any]:
    return {
        "project": policy.project,
        "schedule": policy.schedule,
        "on_calendar": on_calendar(policy.schedule),
        "retention": policy.retention.model_dump(),
        "drill_interval_days": policy.drill_interval_days,
        "sources": [_source(settings, policy.project, covered, addresses) for covered in policy.covers],
    }


def _source(settings: Settings, project: str, covered: str, addresses: Mapping[str, str]) -> dict[str, str]:
    kind, _, name = covered.partition(":")
    server = db.home(settings) if kind == "database" else volume_home(settings)
    if server is None:
        raise ValueError(f"{covered} of {project} is on no server")
    place = {} if kind == "database" else {"path": f"{DATA}/{project}/{name}"}
    return {"kind": kind, "name": name, "server": server, "address": addresses[server], **place}
