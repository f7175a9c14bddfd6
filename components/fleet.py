"""
From settings to everything that projects stand on: servers, swarm, the way in, databases, backups, monitoring.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
from pulumi import Input, Output, ResourceOptions

from components import access, declarations
from components.backup import Backup, BackupArgs
from components.cluster import Cluster, ClusterArgs, Node
from components.database import Database, DatabaseArgs, DatabaseServer, DatabaseServerArgs
from components.declarations import alerts, backup, db, dns, targets
from components.declarations import docker as containers
from components.entry import Entry, build_entry
from components.fleet_props import describe
from components.host import Host, HostArgs
from components.machines import Machines, build_machines
from components.monitoring import Monitoring, MonitoringArgs
from components.registry import RegistryLogin
from components.server import Server
from settings import Role, Settings
from settings.environment import ServerPool

# Servers with one of these run containers. The others stay out of the swarm.
SWARM_ROLES = tuple(sorted(containers.ROLES))


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


def build(settings: Settings, secrets: Mapping[str, Any]) -> Foundation:
    """
    All of it. `secrets` is what `flotilla:secrets` has, in plain: the environment's `key`, in `notifications` the addresses
    that alerts are sent to, and the password of the `registry`.
    """
    Fleet(settings.environment.name, FleetArgs(description=describe(settings)))
    machines = build_machines(settings)
    # A server may have to know where names lead, which is decided by what stands on that server.
    addresses: Output[Mapping[str, str]]
    tell_addresses: Callable[[Output[Mapping[str, str]]], None]
    addresses, tell_addresses = pulumi.deferred_output()
    entry = None
    try:
        hosts = build_hosts(settings, machines, secrets, addresses)
        cluster = build_cluster(settings, machines, hosts, secrets.get("registry", ""))
        entry = build_entry(settings, machines, cluster) if cluster and settings.environment.pools(Role.INGRESS) else None
    finally:
        # Also where it fails: the SDK ends only when nobody waits any more.
        tell_addresses(entry.addresses if entry else Output.from_input({}))
    databases = build_databases(settings, machines, hosts, secrets.get("key", ""))
    build_backups(settings)
    build_monitoring(settings, machines)
    return Foundation(machines=machines, cluster=cluster, entry=entry, databases=databases)


def build_cluster(settings: Settings, machines: Machines, hosts: Mapping[str, Host], registry_password: str) -> Cluster | None:
    """
    The swarm of the servers that run containers. The first server with the ingress is its manager.
    """
    environment = settings.environment
    members = {
        name: _node(*found, hosts[name]) for name, found in machines.servers.items() if set(SWARM_ROLES) & set(found[1].roles)
    }
    if not members:
        return None
    first = next(iter(machines.with_role(Role.INGRESS) or machines.with_role(Role.APP)))
    manager = members.pop(first.hostname)
    args = ClusterArgs(
        manager=manager,
        workers=list(members.values()),
        overlay_pool=environment.network.overlay,
        ssh_options=access.ssh_options(environment.access),
        registry=RegistryLogin(address=environment.registry, user=environment.registry_user, password=registry_password)
        if environment.registry_user
        else None,
    )
    return Cluster(environment.name, args)


def _node(server: Server, pool: ServerPool, host: Host) -> Node:
    labels = {f"flotilla.{role}": "true" for role in SWARM_ROLES if role in pool.roles}
    return Node(server=server, host=host, labels={**labels, "flotilla.pool": server.labels["pool"]})


def build_databases(settings: Settings, machines: Machines, hosts: Mapping[str, Host], key: str) -> dict[str, Database]:
    """
    The database servers, and every project's database: {project: database}.
    """
    found = {}
    for name, (server, pool) in machines.servers.items():
        if Role.DB not in pool.roles:
            continue
        hardware = pool.hardware
        args = DatabaseServerArgs(
            server=server,
            host=hosts[name],
            memory_gb=hardware.memory_gb,
            cores=hardware.cores,
            port=db.PORT,
            pooler_port=db.POOLER_PORT,
            key=key,
        )
        database_server = DatabaseServer(name, args)
        for project in db.databases(settings, name):
            if database := project.database:
                database_args = DatabaseArgs(
                    project=project.name,
                    name=database.name,
                    server=database_server,
                    extensions=database.extensions,
                    pool_size=database.pool_size,
                    generation=database.generation,
                )
                found[project.name] = Database(project.name, database_args)
    return found


def build_backups(settings: Settings) -> None:
    """
    The policy of every project that has data, and of the ingress servers.
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


def build_monitoring(settings: Settings, machines: Machines) -> Monitoring | None:
    """
    What is watched; None when the settings do not ask for it.
    """
    monitoring = settings.environment.monitoring
    if monitoring is None or not machines.with_role(Role.MONITORING):
        return None
    args = MonitoringArgs(
        watched=list(machines.servers),
        targets=[site.url for site in targets.sites(settings)],
        alerts=alerts.names(settings),
        receivers=[(receiver.name, receiver.kind.value) for receiver in monitoring.receivers],
        retention_days=monitoring.retention_days,
    )
    return Monitoring(settings.environment.name, args)


def build_hosts(
    settings: Settings, machines: Machines, secrets: Mapping[str, Any], entry: Output[Mapping[str, str]]
) -> dict[str, Host]:
    """
    Every server with its roles, by name. Those that fetch from databases come after the servers that have them. `entry` is
    where names lead, {kind of record: address}, for those that watch.
    """
    addresses = {name: server.private_ip for name, (server, _) in machines.servers.items()}
    host_keys = {name: server.host_key for name, (server, _) in machines.servers.items()}
    hosts: dict[str, Host] = {}
    for name, (server, pool) in sorted(machines.servers.items(), key=lambda found: Role.BACKUP in found[1][1].roles):
        known = {other: addresses[other] for other in declarations.known_servers(settings, name)}
        keys = host_keys if Role.BACKUP in pool.roles else {}
        databases = [host for host in hosts.values() if host.has_databases] if Role.BACKUP in pool.roles else []
        leads_to: Input[Mapping[str, str]] = entry if Role.MONITORING in pool.roles and dns.are_asked(settings) else {}
        disk = [machines.disks[name]] if name in machines.disks else []
        args = HostArgs(
            server=server,
            roles=sorted(pool.roles),
            declaration=Output.all(Output.all(**known), Output.all(**keys), leads_to).apply(
                partial(_declaration, settings, name)
            ),
            key=secrets.get("key", ""),
            notifications=_addresses(settings, secrets) if Role.MONITORING in pool.roles else {},
            offsite=secrets.get("offsite", {}) if Role.BACKUP in pool.roles else {},
            registry_password=secrets.get("registry", "") if set(SWARM_ROLES) & set(pool.roles) else "",
            after=[*disk, *databases],
        )
        hosts[name] = Host(name, args)
    return hosts


def _declaration(settings: Settings, name: str, known: Sequence[Any]) -> dict[str, Any]:
    addresses, host_keys, entry = known
    return declarations.declaration(settings, name, addresses, host_keys, entry)


def _addresses(settings: Settings, secrets: Mapping[str, Any]) -> dict[str, str]:
    """
    The secret addresses that receivers name, and the password for mail: {name: secret}.
    """
    monitoring = settings.environment.monitoring
    wanted = set(monitoring.secrets.values()) if monitoring else set()
    return {name: address for name, address in secrets.get("notifications", {}).items() if name in wanted}
