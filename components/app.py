"""
A project's containers: one swarm service per release, named with its digest (DESIGN D2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import Output, ResourceOptions

from components import service
from components.cluster import Cluster
from components.haproxy import service_alias
from components.remote import step
from components.server import Server
from settings import Project, Strategy
from settings.project import Health
from settings.release import Release, Slot

DATA = "/mnt/data"
# For pulling the image, on top of the time in which the health check may fail.
PULL_TIMEOUT_S = 60


@dataclass(frozen=True, kw_only=True)
class AppArgs:
    """
    `home` is the server that the project's volumes are on, and `disk` what is mounted there.
    """

    project: Project
    releases: Sequence[Release]
    cluster: Cluster
    home: Server
    disk: pulumi.Resource | None = None


class App(pulumi.ComponentResource):
    """
    The releases of one web project. They serve nobody until a route says so, and the engine removes an old one after the route
    has moved away from it.

    With `strategy: recreate` there is one service with a fixed name, whose container is stopped before the next one starts.
    """

    service_names: Output[list[str]]

    def __init__(self, name: str, args: AppArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("flotilla:app:App", name, None, opts)
        self.project = args.project
        self.cluster = args.cluster
        self._before = [resource for resource in (args.disk, self._folders(name, args)) if resource]
        services = [self._release(name, release, args.home) for release in placed(args.project, args.releases)]
        self.service_names = Output.all(*(created.name for created in services))
        self.register_outputs({"service_names": self.service_names})

    def _folders(self, name: str, args: AppArgs) -> pulumi.Resource | None:
        if not self.project.volumes:
            return None
        return step(
            f"{name}-folders",
            login=args.home.login,
            run="folders.sh",
            data={
                "BASE": f"{DATA}/{self.project.name}",
                "FOLDERS": " ".join(volume.name for volume in self.project.volumes),
                "OWNER": self.project.user_id,
            },
            opts=ResourceOptions(parent=self, depends_on=[self.cluster, *([args.disk] if args.disk else [])]),
        )

    def _release(self, name: str, release: Release, home: Server) -> docker.Service:
        project, recreate = self.project, self.project.strategy is Strategy.RECREATE
        service_name = f"{name}-web" if recreate else f"{name}-web-{release.short_digest}"
        order = "stop-first" if recreate else "start-first"
        return docker.Service(
            service_name,
            name=service_name,
            task_spec=service.task_spec(container(project, release, self.cluster, home)),
            mode=service.replicated(project.replicas),
            endpoint_spec=docker.ServiceEndpointSpecArgs(mode="dnsrr"),
            update_config=docker.ServiceUpdateConfigArgs(order=order, failure_action="rollback"),
            rollback_config=docker.ServiceRollbackConfigArgs(order=order),
            converge_config=service.convergence(converge_timeout_s(project)),
            opts=ResourceOptions.merge(self.cluster.resource_options(self), ResourceOptions(depends_on=self._before)),
        )


def placed(project: Project, releases: Sequence[Release]) -> list[Release]:
    """
    The releases in the slots where their containers are. A service with a fixed name stays in one slot.
    """
    if project.strategy is Strategy.RECREATE:
        return [releases[0].model_copy(update={"slot": Slot.A})]
    return list(releases)


def converge_timeout_s(project: Project) -> int:
    """
    How long a release may take until it is healthy: to be pulled, to start, and to fail as often as it may, each twice.
    """
    health = project.health or Health()
    return PULL_TIMEOUT_S + 2 * (health.start_period_s + health.retries * (health.interval_s + health.timeout_s))


def container(project: Project, release: Release, cluster: Cluster, home: Server) -> service.Container:
    """
    The container of a release.
    """
    health = project.health or Health()
    return service.Container(
        image=release.image,
        user=project.user_id,
        network_id=cluster.network_id,
        aliases=[service_alias(project.name, release.slot)],
        env=project.env,
        folders={volume.path: (f"{DATA}/{project.name}/{volume.name}", False) for volume in project.volumes},
        healthcheck=docker.ServiceTaskSpecContainerSpecHealthcheckArgs(
            tests=["CMD", *health.command] if health.command else None,
            interval=f"{health.interval_s}s",
            timeout=f"{health.timeout_s}s",
            start_period=f"{health.start_period_s}s",
            retries=health.retries,
        ),
        memory_mb=project.limits.memory_mb,
        cpus=project.limits.cpus,
        # Its data is on one server.
        constraints=[f"node.hostname=={home.hostname}"] if project.volumes else [],
        labels={"flotilla.project": project.name, "flotilla.slot": release.slot},
    )
