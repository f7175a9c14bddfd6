"""
What an environment serves: the ingress, and every project that has a release. From settings to components.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Input

from components import access, dns, haproxy
from components.app import App, AppArgs
from components.cluster import Cluster
from components.dns import Dns, DnsArgs
from components.entry import Entry
from components.fleet import Foundation
from components.ingress import Ingress, IngressArgs, Readiness, ReadinessArgs
from components.job import Job, JobArgs
from components.kept import KeptReleases, KeptReleasesArgs
from components.migration import Migration, MigrationArgs
from components.released import ReleasedArgs
from components.route import Names, Route, RouteArgs, Site, SiteArgs
from components.secrets import Secrets, SecretsArgs
from components.static_site import StaticSite, StaticSiteArgs
from components.worker import Worker, WorkerArgs
from settings import Kind, Process, Project, Role, Settings
from settings.environment import Entry as EntryKind
from settings.releases import ProjectReleases


@dataclass(frozen=True, kw_only=True)
class Place:
    """
    What projects are put on. `zone_ids` is {zone: its id at Cloudflare}.
    """

    settings: Settings
    foundation: Foundation
    cluster: Cluster
    entry: Entry
    ingress: Ingress
    zone_ids: Mapping[str, str]
    environment_dns: Dns


def build(
    settings: Settings,
    foundation: Foundation,
    zone_ids: Mapping[str, str],
    secrets: Mapping[str, Mapping[str, str]],
) -> None:
    """
    All of it; nothing before the ingress' images were published. `secrets` are plain values: {project: {name: value}}.
    """
    place = build_ingress(settings, foundation, zone_ids)
    if place is None:
        return
    served: list[pulumi.Resource] = []
    for project, releases in settings.served:
        served += build_project(place, project, releases, secrets.get(project.name, {}))
    Readiness(settings.environment.name, ReadinessArgs(ingress=place.ingress, after=served))


def build_ingress(settings: Settings, foundation: Foundation, zone_ids: Mapping[str, str]) -> Place | None:
    """
    What answers requests, and the records that belong to no project.
    """
    environment, platform = settings.environment, settings.releases.platform
    cluster, entry = foundation.cluster, foundation.entry
    if cluster is None or entry is None or platform is None:
        return None
    args = IngressArgs(
        cluster=cluster,
        servers=foundation.machines.with_role(Role.INGRESS),
        caddy_image=platform.caddy,
        haproxy_image=platform.haproxy,
        certificates=access.certificates(environment.ingress.tls, settings.root),
        balancer=environment.network.cidr if entry.kind is EntryKind.LOAD_BALANCER else None,
        is_proxied=environment.dns.proxied,
    )
    hostnames = [name for project, _ in settings.served for name in _all_names(settings, project)]
    records = dns.of_environment(settings, hostnames)
    return Place(
        settings=settings,
        foundation=foundation,
        cluster=cluster,
        entry=entry,
        ingress=Ingress(environment.name, args),
        zone_ids=zone_ids,
        environment_dns=Dns(environment.name, DnsArgs(zone_ids=zone_ids, records=records)),
    )


def build_project(
    place: Place, project: Project, releases: ProjectReleases, secrets: Mapping[str, str]
) -> list[pulumi.Resource]:
    """
    A served project: its secrets, what runs, its routes and names. Returns what has to be there before it can be reached.
    """
    processes = project.all_processes()
    kept = _secrets(place, project, secrets)
    migrations = _migrations(place, project, releases, kept)
    KeptReleases(project.name, _kept(place, project, releases))
    served: list[pulumi.Resource] = []
    for process_name, process in processes.items():
        containers = _containers(_released(place, project, process_name, process, releases, kept, migrations))
        hostnames = place.settings.hostnames(process)
        if process.kind not in (Kind.WEB, Kind.STATIC):
            continue
        route_args = RouteArgs(
            process=process,
            containers=containers,
            releases=releases.serving,
            hostname=hostnames[0],
            ingress=place.ingress,
            is_closed=project.maintenance,
        )
        served.append(Route(haproxy.backend_name(project.name, process_name), route_args))
    if served:
        served.append(_site(place, project, processes))
    return served


def _kept(place: Place, project: Project, releases: ProjectReleases) -> KeptReleasesArgs:
    servers = place.foundation.machines.servers
    return KeptReleasesArgs(
        project=project.name,
        releases=releases,
        kept_releases=place.settings.environment.kept_releases,
        servers=[servers[name][0] for name in place.cluster.nodes],
    )


def _secrets(place: Place, project: Project, secrets: Mapping[str, str]) -> Secrets | None:
    """
    Those that the project's processes name, and how they log in to its database, once that is there.
    """
    wanted = {key for process in project.all_processes().values() for key in process.secrets}
    values: dict[str, Input[str]] = {key: value for key, value in secrets.items() if key in wanted}
    after: list[pulumi.Resource] = []
    database = place.foundation.databases.get(project.name)
    if database and project.database:
        values |= database.secrets(has_migration=bool(project.database.migration))
        after.append(database.host)
    return Secrets(project.name, SecretsArgs(cluster=place.cluster, values=values, after=after)) if values else None


def _migrations(
    place: Place, project: Project, releases: ProjectReleases, secrets: Secrets | None
) -> Mapping[str, pulumi.Resource]:
    """
    What each release does to the project's database before it starts: {digest: step}.
    """
    database, settings = place.foundation.databases.get(project.name), project.database
    if database is None or settings is None or not settings.migration:
        return {}
    name, process = next(iter(project.all_processes().items()))
    args = _released(place, project, name, process, releases, secrets, {})
    return Migration(project.name, MigrationArgs(**vars(args), database=database, migration=settings)).steps


def _released(
    place: Place,
    project: Project,
    process_name: str,
    process: Process,
    releases: ProjectReleases,
    secrets: Secrets | None,
    migrations: Mapping[str, pulumi.Resource],
) -> ReleasedArgs:
    machines = place.foundation.machines
    home = machines.home()
    return ReleasedArgs(
        project=project.name,
        process_name=process_name,
        process=process,
        releases=releases.serving,
        cluster=place.cluster,
        home=home,
        disk=machines.disks.get(home.hostname),
        secrets=secrets,
        has_database=project.name in place.foundation.databases,
        migrations=migrations,
    )


def _containers(args: ReleasedArgs) -> pulumi.Resource:
    """
    What runs one process.
    """
    match args.process.kind:
        case Kind.WEB:
            return App(args.name, AppArgs(**vars(args)))
        case Kind.WORKER:
            return Worker(args.name, WorkerArgs(**vars(args)))
        case Kind.STATIC:
            return StaticSite(args.name, StaticSiteArgs(**vars(args)))
        case Kind.JOB:
            return Job(args.name, JobArgs(**vars(args)))


def _site(place: Place, project: Project, processes: Mapping[str, Process]) -> Site:
    """
    The project's names: in DNS first, so that an authority that is asked for certificates finds them.
    """
    settings = place.settings
    records = dns.addresses(settings, _all_names(settings, project), place.entry)
    names = Dns(project.name, DnsArgs(zone_ids=place.zone_ids, records=records))
    args = SiteArgs(
        project=project.name,
        processes={
            haproxy.backend_name(project.name, name): Names(
                hostnames=settings.hostnames(process), redirects=settings.redirects(process)
            )
            for name, process in processes.items()
            if process.kind in (Kind.WEB, Kind.STATIC)
        },
        ingress=place.ingress,
        after=[place.environment_dns, names],
        is_in_maintenance=project.maintenance,
    )
    return Site(project.name, args)


def _all_names(settings: Settings, project: Project) -> Sequence[str]:
    """
    Every name that leads to the project.
    """
    return [
        hostname
        for process in project.all_processes().values()
        for hostname in (*settings.hostnames(process), *settings.redirects(process))
    ]
