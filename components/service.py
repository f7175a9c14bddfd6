"""
What all containers have in common, whoever they belong to: no root, no capabilities, nothing writable, bounded logs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi_docker as docker
from pulumi import Input

MEGABYTE = 1024 * 1024
NANO_CPUS = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Container:
    """
    One kind of container of a swarm service. `folders` is {path in the container: (folder on the host, read-only?)}; `probe` is
    the health check's command, empty for the image's own.
    """

    image: str
    user: int
    network_id: Input[str]
    aliases: Sequence[str] = ()
    command: Sequence[str] = ()
    arguments: Sequence[str] = ()
    capabilities: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    folders: Mapping[str, tuple[str, bool]] = field(default_factory=dict)
    healthcheck: docker.ServiceTaskSpecContainerSpecHealthcheckArgs | None = None
    memory_mb: int
    cpus: float
    stop_grace_s: int = 10
    constraints: Sequence[str] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


def task_spec(container: Container) -> docker.ServiceTaskSpecArgs:
    """
    The swarm's description of such a container.
    """
    placement = docker.ServiceTaskSpecPlacementArgs(constraints=list(container.constraints)) if container.constraints else None
    return docker.ServiceTaskSpecArgs(
        container_spec=_container_spec(container),
        networks_advanceds=[
            docker.ServiceTaskSpecNetworksAdvancedArgs(id=container.network_id, aliases=list(container.aliases))
        ],
        resources=docker.ServiceTaskSpecResourcesArgs(
            limits=docker.ServiceTaskSpecResourcesLimitsArgs(
                memory_bytes=container.memory_mb * MEGABYTE, nano_cpus=round(container.cpus * NANO_CPUS)
            )
        ),
        restart_policy=docker.ServiceTaskSpecRestartPolicyArgs(condition="any", delay="2s"),
        log_driver=docker.ServiceTaskSpecLogDriverArgs(name="json-file", options={"max-size": "10m", "max-file": "3"}),
        placement=placement,
    )


def _container_spec(container: Container) -> docker.ServiceTaskSpecContainerSpecArgs:
    mounts = [
        docker.ServiceTaskSpecContainerSpecMountArgs(type="bind", source=source, target=target, read_only=read_only)
        for target, (source, read_only) in sorted(container.folders.items())
    ]
    scratch = docker.ServiceTaskSpecContainerSpecMountArgs(type="tmpfs", target="/tmp")  # noqa: S108 - the container's own
    return docker.ServiceTaskSpecContainerSpecArgs(
        image=container.image,
        commands=list(container.command) or None,
        args=list(container.arguments) or None,
        user=f"{container.user}:{container.user}",
        env=dict(container.env) or None,
        mounts=[*mounts, scratch],
        read_only=True,
        init=True,
        cap_drops=["ALL"],
        cap_adds=list(container.capabilities) or None,
        healthcheck=container.healthcheck,
        stop_grace_period=f"{container.stop_grace_s}s",
        labels=[
            docker.ServiceTaskSpecContainerSpecLabelArgs(label=label, value=value)
            for label, value in sorted(container.labels.items())
        ],
    )


def replicated(replicas: int) -> docker.ServiceModeArgs:
    """
    That many containers, wherever there is room.
    """
    return docker.ServiceModeArgs(replicated=docker.ServiceModeReplicatedArgs(replicas=replicas))


def convergence(timeout_s: int) -> docker.ServiceConvergeConfigArgs:
    """
    The update waits for the containers to be healthy, and fails when they are not by then.
    """
    return docker.ServiceConvergeConfigArgs(delay="1s", timeout=f"{timeout_s}s")
