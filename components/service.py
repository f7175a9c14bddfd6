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
LOG_DRIVER = "json-file"
LOG_OPTIONS: Mapping[str, str] = {"max-size": "10m", "max-file": "3"}
SECRET_MODE = 0o400
SECRETS = "/run/secrets"
SCRATCH = "/tmp"  # noqa: S108 - the container's own


@dataclass(frozen=True, kw_only=True)
class SecretFile:
    """
    A swarm secret that a container sees as /run/secrets/<name>, readable by the container's user only.
    """

    name: str
    secret_id: Input[str]
    secret_name: Input[str]


@dataclass(frozen=True, kw_only=True)
class Probe:
    """
    Docker's health check. An empty `command` is the image's own; `is_off` also takes that one away.
    """

    command: Sequence[str] = ()
    interval_s: int = 5
    timeout_s: int = 3
    start_period_s: int = 30
    retries: int = 3
    is_off: bool = False


@dataclass(frozen=True, kw_only=True)
class Container:
    """
    One kind of container of a swarm service. `folders` is {path in the container: (folder on the host, read-only?)}; `command`
    takes the place of the image's entry point, `arguments` that of its command.
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
    secrets: Sequence[SecretFile] = ()
    probe: Probe | None = None
    memory_mb: int
    cpus: float
    reserved_memory_mb: int | None = None
    reserved_cpus: float | None = None
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
        resources=_resources(container),
        restart_policy=docker.ServiceTaskSpecRestartPolicyArgs(condition="any", delay="2s"),
        log_driver=docker.ServiceTaskSpecLogDriverArgs(name=LOG_DRIVER, options=dict(LOG_OPTIONS)),
        placement=placement,
    )


def _resources(container: Container) -> docker.ServiceTaskSpecResourcesArgs:
    reservation = None
    if container.reserved_memory_mb is not None and container.reserved_cpus is not None:
        reservation = docker.ServiceTaskSpecResourcesReservationArgs(
            memory_bytes=container.reserved_memory_mb * MEGABYTE, nano_cpus=round(container.reserved_cpus * NANO_CPUS)
        )
    return docker.ServiceTaskSpecResourcesArgs(
        limits=docker.ServiceTaskSpecResourcesLimitsArgs(
            memory_bytes=container.memory_mb * MEGABYTE, nano_cpus=round(container.cpus * NANO_CPUS)
        ),
        reservation=reservation,
    )


def _container_spec(container: Container) -> docker.ServiceTaskSpecContainerSpecArgs:
    mounts = [
        docker.ServiceTaskSpecContainerSpecMountArgs(type="bind", source=source, target=target, read_only=read_only)
        for target, (source, read_only) in sorted(container.folders.items())
    ]
    scratch = docker.ServiceTaskSpecContainerSpecMountArgs(type="tmpfs", target=SCRATCH)
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
        secrets=[
            docker.ServiceTaskSpecContainerSpecSecretArgs(
                secret_id=secret.secret_id,
                secret_name=secret.secret_name,
                file_name=secret.name,
                file_uid=str(container.user),
                file_gid=str(container.user),
                file_mode=SECRET_MODE,
            )
            for secret in container.secrets
        ]
        or None,
        healthcheck=_healthcheck(container.probe),
        stop_grace_period=f"{container.stop_grace_s}s",
        labels=[
            docker.ServiceTaskSpecContainerSpecLabelArgs(label=label, value=value)
            for label, value in sorted(container.labels.items())
        ],
    )


def _healthcheck(probe: Probe | None) -> docker.ServiceTaskSpecContainerSpecHealthcheckArgs | None:
    if probe is None:
        return None
    if probe.is_off:
        return docker.ServiceTaskSpecContainerSpecHealthcheckArgs(tests=["NONE"])
    return docker.ServiceTaskSpecContainerSpecHealthcheckArgs(
        tests=["CMD", *probe.command] if probe.command else None,
        interval=f"{probe.interval_s}s",
        timeout=f"{probe.timeout_s}s",
        start_period=f"{probe.start_period_s}s",
        retries=probe.retries,
    )


def on_every_node() -> docker.ServiceModeArgs:
    """
    One container on each server that the placement allows.
    """
    return docker.ServiceModeArgs(global_=True)


def replicated(replicas: int) -> docker.ServiceModeArgs:
    """
    That many containers, wherever there is room.
    """
    return docker.ServiceModeArgs(replicated=docker.ServiceModeReplicatedArgs(replicas=replicas))


def convergence(timeout_s: int, *, settle_s: int = 1) -> docker.ServiceConvergeConfigArgs:
    """
    The update waits for the containers to be healthy, and fails when they are not by then. Without a health check they have to
    run for `settle_s` seconds.
    """
    return docker.ServiceConvergeConfigArgs(delay=f"{settle_s}s", timeout=f"{timeout_s}s")
