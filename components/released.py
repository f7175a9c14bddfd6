"""
The containers of one process of a project: one swarm service per release, named with its digest (DESIGN D2).

What App, Worker and StaticSite have in common.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_docker as docker
from pulumi import ResourceOptions

from components import haproxy, service
from components.cluster import Cluster
from components.database import FOR_PROCESSES
from components.naming import DATA
from components.remote import step
from components.secrets import Secrets
from components.server import Server
from settings import Kind, Process, Strategy
from settings.release import FULL_WEIGHT, Release, Slot, main_release

# For pulling the image, on top of the time in which the health check may fail.
PULL_TIMEOUT_S = 60
# Without a health check, a container counts once it has run this long.
SETTLE_S = 10
CONSTRAINT = "node.labels.flotilla.app==true"


@dataclass(frozen=True, kw_only=True)
class ReleasedArgs:
    """
    A process of a project, and which releases of it run. `home` is the server that the project's volumes are on, and `disk`
    what is mounted there. `secrets` has at least those that the process names, and those of the project's database if it
    `has_database`. `migrations` is what has to be done before a release starts: {digest: step}.
    """

    project: str
    process_name: str
    process: Process
    releases: Sequence[Release]
    cluster: Cluster
    home: Server
    disk: pulumi.Resource | None = None
    secrets: Secrets | None = None
    has_database: bool = False
    migrations: Mapping[str, pulumi.Resource] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """
        What the process is called in the fleet.
        """
        return haproxy.backend_name(self.project, self.process_name)


def services(parent: pulumi.Resource, name: str, args: ReleasedArgs) -> list[docker.Service]:
    """
    The process' services, and before them the folders of its volumes.

    With `strategy: recreate` there is one service with a fixed name, whose container is stopped before the next one starts.
    """
    before = [resource for resource in (args.disk, folders(parent, name, args)) if resource]
    return [_service(parent, name, args, release, before) for release in placed(args.process, args.releases)]


def folders(parent: pulumi.Resource, name: str, args: ReleasedArgs) -> pulumi.Resource | None:
    """
    The step that has the folders of the process' volumes, if it has any.
    """
    if not args.process.volumes:
        return None
    return step(
        f"{name}-folders",
        login=args.home.login,
        run="folders.sh",
        data={
            "BASE": f"{DATA}/{args.project}",
            "FOLDERS": " ".join(volume.name for volume in args.process.volumes),
            "OWNER": args.process.user_id,
        },
        opts=ResourceOptions(parent=parent, depends_on=[args.cluster, *([args.disk] if args.disk else [])]),
    )


def _service(
    parent: pulumi.Resource, name: str, args: ReleasedArgs, release: Release, before: Sequence[pulumi.Resource]
) -> docker.Service:
    is_fixed = args.process.strategy is Strategy.RECREATE
    suffix, order = ("service", "stop-first") if is_fixed else (release.short_digest, "start-first")
    wanted = container(args, release)
    return docker.Service(
        f"{name}-{suffix}",
        name=args.name if is_fixed else f"{args.name}-{release.short_digest}",
        labels=args.cluster.service_labels(wanted.image),
        task_spec=service.task_spec(wanted),
        mode=service.replicated(args.process.replicas),
        endpoint_spec=docker.ServiceEndpointSpecArgs(mode="dnsrr"),
        update_config=docker.ServiceUpdateConfigArgs(order=order, failure_action="rollback"),
        rollback_config=docker.ServiceRollbackConfigArgs(order=order),
        converge_config=service.convergence(converge_timeout_s(args.process), settle_s=_settle_s(args.process)),
        opts=ResourceOptions.merge(
            args.cluster.service_options(parent), ResourceOptions(depends_on=[*before, *migrated(args, release)])
        ),
    )


def migrated(args: ReleasedArgs, release: Release) -> list[pulumi.Resource]:
    """
    What has to be done to the database before this release starts.
    """
    return [args.migrations[release.digest]] if release.digest in args.migrations else []


def secret_names(args: ReleasedArgs) -> list[str]:
    """
    The secrets that the process' containers have: its own, and how they log in to the project's database.
    """
    of_database = FOR_PROCESSES if args.has_database and args.process.kind is not Kind.STATIC else ()
    return [*args.process.secrets, *of_database]


def placed(process: Process, releases: Sequence[Release]) -> list[Release]:
    """
    The releases in the slots where their containers are. A service with a fixed name runs one release, and stays in one slot.
    """
    if process.strategy is Strategy.RECREATE:
        return [main_release(releases).model_copy(update={"slot": Slot.A, "weight": FULL_WEIGHT})]
    return list(releases)


def converge_timeout_s(process: Process) -> int:
    """
    How long a release may take until it is healthy: to be pulled, to start, and to fail as often as it may, each twice.
    """
    health = process.health
    if health is None:
        return PULL_TIMEOUT_S + 2 * SETTLE_S
    return PULL_TIMEOUT_S + 2 * (health.start_period_s + health.retries * (health.interval_s + health.timeout_s))


def _settle_s(process: Process) -> int:
    return SETTLE_S if _probe(process).is_off else 1


def container(args: ReleasedArgs, release: Release) -> service.Container:
    """
    The container of a release.
    """
    process, reserved = args.process, args.process.reservations
    return service.Container(
        image=release.image_of(args.process_name),
        user=process.user_id,
        network_id=args.cluster.network_id,
        aliases=[haproxy.service_alias(args.name, release.slot)] if process.port else [],
        arguments=process.command,
        env={**process.env, **{f"{key}_FILE": f"{service.SECRETS}/{key}" for key in secret_names(args)}},
        secrets=args.secrets.files(secret_names(args)) if args.secrets else [],
        folders={volume.path: (f"{DATA}/{args.project}/{volume.name}", False) for volume in process.volumes},
        probe=_probe(process),
        memory_mb=process.limits.memory_mb,
        cpus=process.limits.cpus,
        reserved_memory_mb=reserved.memory_mb if reserved else None,
        reserved_cpus=reserved.cpus if reserved else None,
        stop_grace_s=process.stop_grace_s,
        # Data is on one server.
        constraints=[f"node.hostname=={args.home.hostname}" if process.volumes else CONSTRAINT],
        labels={"flotilla.project": args.project, "flotilla.process": args.process_name, "flotilla.slot": release.slot},
    )


def _probe(process: Process) -> service.Probe:
    """
    Docker's check: the process' own command, or that of the image, which asks for what a web process answers: no other has it.
    """
    health = process.health
    if process.kind is Kind.JOB or health is None or (process.kind is Kind.WORKER and not health.command):
        return service.Probe(is_off=True)
    return service.Probe(
        command=health.command,
        interval_s=health.interval_s,
        timeout_s=health.timeout_s,
        start_period_s=health.start_period_s,
        retries=health.retries,
    )
