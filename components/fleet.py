"""
From settings to everything that projects stand on: servers, swarm, the way in, databases, backups, monitoring.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
from pulumi import Output, ResourceOptions

from components import access, declarations
from components.backup import Backup, BackupArgs
from components.cluster import Cluster, ClusterArgs, Node
from components.database import Database, DatabaseArgs, DatabaseServer, DatabaseServerArgs
from components.declarations import alerts, backup, db, targets
from components.entry import Entry, build_entry
from components.fleet_props import describe
from components.host import Host, HostArgs
from components.machines import Machines, build_machines
from components.monitoring import Monitoring, MonitoringArgs
from components.server import Server
from settings import Role, Settings
from settings.environment import ServerPool

# Servers with one of these run containers. The others stay out of the swarm.
SWARM_ROLES = (Role.APP, Role.INGRESS)


@dataclass(frozen=True, kw_only=True)
class FleetArgs:
    """
    `description` is the environment as policies judge it.
    """

    description: Mapping[str, Any]


class Fleet(pulumi.ComponentResource):
    """
    The environment as a whole, for policies: the first resource of the program, and the parent of none.
    """

    environment: Output[str]

    def __init__(self, name: str, args: FleetArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:fleet:Fleet", name, dict(args.description), opts)
        self.environment = Output.from_input(name)
        self.register_outputs({"environment": self.environment})


@dataclass(frozen=True, kw_only=True)
class Foundation:
    """
    What projects stand on. Without a server for containers there is no cluster, and without an ingress no entry. `databases` is
    {project: its database}.
    """

    machines: Machines
    cluster: Cluster | None
    entry: Entry | None
    databases: Mapping[str, Database]


def build(settings: Settings, notifications: Mapping[str, str]) -> Foundation:
    """
    All of it. `notifications` are the secret addresses that alerts are sent to: {name: address}.
    """
    Fleet(settings.environment.name, FleetArgs(description=describe(settings)))
    machines = build_machines(settings)
    cluster = build_cluster(settings, machines)
    entry = build_entry(settings, machines, cluster) if cluster and settings.environment.pools(Role.INGRESS) else None
    databases = build_databases(settings, machines)
    build_backups(settings)
    build_monitoring(settings, machines, notifications)
    build_hosts(settings, machines)
    return Foundation(machines=machines, cluster=cluster, entry=entry, databases=databases)


def build_cluster(settings: Settings, machines: Machines) -> Cluster | None:
    """
    The swarm of the servers that run containers. The first server with the ingress is its manager.
    """
    members = {name: _node(*found) for name, found in machines.servers.items() if set(SWARM_ROLES) & set(found[1].roles)}
    if not members:
        return None
    first = next(iter(machines.with_role(Role.INGRESS) or machines.with_role(Role.APP)))
    manager = members.pop(first.hostname)
    args = ClusterArgs(
        manager=manager,
        workers=list(members.values()),
        overlay_pool=settings.environment.network.overlay,
        ssh_options=access.ssh_options(settings.environment.access),
    )
    return Cluster(settings.environment.name, args)


def _node(server: Server, pool: ServerPool) -> Node:
    labels = {f"flotilla.{role}": "true" for role in SWARM_ROLES if role in pool.roles}
    return Node(server=server, labels={**labels, "flotilla.pool": server.labels["pool"]})


def build_databases(settings: Settings, machines: Machines) -> dict[str, Database]:
    """
    The database servers, and every project's database: {project: database}.
    """
    found = {}
    for name, (server, pool) in machines.servers.items():
        if Role.DB not in pool.roles:
            continue
        hardware = pool.hardware
        args = DatabaseServerArgs(server=server, memory_gb=hardware.memory_gb, cores=hardware.cores, port=db.PORT)
        database_server = DatabaseServer(name, args)
        for project in db.databases(settings, name):
            if database := project.database:
                database_args = DatabaseArgs(
                    project=project.name,
                    name=database.name,
                    server=database_server,
                    extensions=database.extensions,
                    pool_size=database.pool_size,
                )
                found[project.name] = Database(project.name, database_args)
    return found


def build_backups(settings: Settings) -> None:
    """
    The policy of every project that has data.
    """
    for policy in backup.policies(settings):
        offsite = policy.offsite
        args = BackupArgs(
            project=policy.project,
            schedule=policy.schedule,
            retention=policy.retention.model_dump(),
            offsite={"kind": offsite.kind.value, "location": offsite.location} if offsite else None,
            drill_interval_days=policy.drill_interval_days,
            covers=policy.covers,
        )
        Backup(policy.project, args)


def build_monitoring(settings: Settings, machines: Machines, notifications: Mapping[str, str]) -> Monitoring | None:
    """
    What is watched; None when the settings do not ask for it.
    """
    monitoring, watchers = settings.environment.monitoring, machines.with_role(Role.MONITORING)
    if monitoring is None or not watchers:
        return None
    wanted = {receiver.secret for receiver in monitoring.receivers if receiver.secret}
    args = MonitoringArgs(
        watchers=watchers,
        watched=list(machines.servers),
        targets=[site.url for site in targets.sites(settings)],
        alerts=alerts.names(settings),
        receivers=[(receiver.name, receiver.kind.value) for receiver in monitoring.receivers],
        retention_days=monitoring.retention_days,
        addresses={name: address for name, address in notifications.items() if name in wanted},
    )
    return Monitoring(settings.environment.name, args)


def build_hosts(settings: Settings, machines: Machines) -> None:
    """
    Every server's declaration.
    """
    addresses = Output.all(**{name: server.private_ip for name, (server, _) in machines.servers.items()})
    for name, (server, pool) in machines.servers.items():
        known = addresses if declarations.needs_addresses(settings, name) else Output.from_input({})
        declaration = known.apply(partial(declarations.declaration, settings, name))
        Host(name, HostArgs(server=server, roles=sorted(pool.roles), declaration=declaration))
