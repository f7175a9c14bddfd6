"""
What an environment tells the outside: the one document that `ops/`, documentation and people read. No secrets.

Its shape is in `components/outputs_shape.py` and, for others, in `docs/outputs.schema.json`.
"""

from __future__ import annotations

from typing import Any

from pulumi import Output

from components.declarations import alerts, backup, db
from components.fleet import Foundation
from components.machines import Machines
from components.naming import all_servers
from components.outputs_shape import (
    VERSION,
    BackupOutput,
    BackupsOutput,
    DatabaseOutput,
    EntryOutput,
    EnvironmentOutput,
    MonitoringOutput,
    NetworkOutput,
    Outputs,
    ProcessOutput,
    ProjectOutput,
    ReceiverOutput,
    ReleaseOutput,
    ServerOutput,
)
from settings import Project, Settings
from settings.care import BackupPolicy, Offsite, Receiver
from settings.releases import ProjectReleases


def document(settings: Settings, foundation: Foundation) -> Outputs:
    """
    The document of an environment; the keys are the stack's outputs.
    """
    environment, entry = settings.environment, foundation.entry
    return Outputs(
        version=VERSION,
        environment=EnvironmentOutput(
            name=environment.name,
            stack=settings.stack,
            domain=environment.domain,
            zones=list(environment.all_zones),
            location=environment.location,
            registry=environment.registry,
            budget_eur=environment.budget_eur,
        ),
        network=NetworkOutput(
            cidr=environment.network.cidr,
            subnets=dict(environment.network.subnets),
            overlay=environment.network.overlay,
            ipv6=environment.network.ipv6,
        ),
        servers=_servers(settings, foundation.machines),
        entry=EntryOutput(kind=entry.kind.value, ipv4=entry.ipv4, ipv6=_or_nothing(entry.ipv6)) if entry else None,
        projects={project.name: _project(settings, project, releases) for project, releases in settings.served},
        unserved=list(settings.unserved),
        backup=_backups(settings, environment.backup) if environment.backup else None,
        monitoring=_monitoring(settings),
    )


def _or_nothing(address: Output[Any] | None) -> Output[str | None]:
    return Output.from_input(None) if address is None else address


def _servers(settings: Settings, machines: Machines) -> dict[str, ServerOutput]:
    pools = {name: pool_name for name, (pool_name, _) in all_servers(settings).items()}
    return {
        name: ServerOutput(
            ipv4=server.ipv4,
            ipv6=server.ipv6,
            private_ip=server.private_ip,
            host_key=server.host_key,
            type=pool.type,
            location=server.location,
            pool=pools[name],
            roles=[role.value for role in pool.roles],
            volume_gb=pool.volume_gb,
        )
        for name, (server, pool) in machines.servers.items()
    }


def _project(settings: Settings, project: Project, releases: ProjectReleases) -> ProjectOutput:
    processes = project.all_processes()
    policy = next((policy for policy in backup.policies(settings) if policy.project == project.name), None)
    slo = project.slo
    return ProjectOutput(
        owner=project.owner,
        processes={
            name: ProcessOutput(
                kind=process.kind.value,
                urls=[f"https://{hostname}" for hostname in settings.hostnames(process)],
                redirects=list(settings.redirects(process)),
                replicas=process.replicas,
                strategy=process.strategy.value,
                schedule=process.schedule,
                memory_mb=process.limits.memory_mb,
                cpus=process.limits.cpus,
            )
            for name, process in processes.items()
        },
        releases=[
            ReleaseOutput(
                images={name: release.image_of(name) for name in processes}, slot=release.slot.value, weight=release.weight
            )
            for release in releases.serving
        ],
        database=_database(settings, project),
        volumes=backup.volumes(project),
        backup=_backup(policy) if policy else None,
        slo={"availability_percent": slo.availability_percent, "latency_ms": slo.latency_ms} if slo else None,
        maintenance=project.maintenance,
    )


def _database(settings: Settings, project: Project) -> DatabaseOutput | None:
    database, server = project.database, db.home(settings)
    if database is None or server is None:
        return None
    return DatabaseOutput(
        name=database.name,
        server=server,
        port=db.PORT,
        extensions=list(database.extensions),
        pool_size=database.pool_size,
    )


def _backup(policy: backup.Policy) -> BackupOutput:
    return BackupOutput(
        schedule=policy.schedule,
        retention=policy.retention.model_dump(),
        offsite=_place(policy.offsite),
        drill_interval_days=policy.drill_interval_days,
        covers=list(policy.covers),
    )


def _backups(settings: Settings, policy: BackupPolicy) -> BackupsOutput:
    return BackupsOutput(
        schedule=policy.schedule,
        retention=policy.retention.model_dump(),
        offsite=_place(policy.offsite),
        drill_interval_days=policy.drill_interval_days,
        covers=backup.certificates(settings),
    )


def _place(offsite: Offsite | None) -> str | None:
    return f"{offsite.kind.value}:{offsite.location}" if offsite else None


def _monitoring(settings: Settings) -> MonitoringOutput | None:
    monitoring = settings.environment.monitoring
    if monitoring is None:
        return None
    return MonitoringOutput(
        retention_days=monitoring.retention_days,
        receivers=[_receiver(receiver) for receiver in monitoring.receivers],
        alerts=alerts.names(settings),
    )


def _receiver(receiver: Receiver) -> ReceiverOutput:
    return ReceiverOutput(name=receiver.name, kind=receiver.kind.value)
