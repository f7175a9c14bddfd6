"""
What a container may use, and what happens when it fails: memory, processors, logs, health, restarts.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.framework import UNKNOWN, Fixtures, Level, Option, Options, Resource, Rule, each, get, lacks, text

from .container import BOTH, container, of, path, service, task
from .references import anssi_docker, cis_docker


def limited(**limits: object) -> Resource:
    """
    An example of a service with limits.
    """
    return task(resources={"limits": limits})


def _memory(resource: Resource, options: Options) -> Iterator[str]:
    if of(resource, "memory") in (None, 0):
        yield "it may use all memory of its host, and the kernel then ends something else"


MEMORY = Rule(
    id="container-without-memory-limit",
    description="Every container has a limit of memory.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Set `limits.memory_mb` of the process in projects/<name>.yaml.",
    references=(
        cis_docker("5.11", "Ensure that the memory usage for containers is limited"),
        anssi_docker("R10", "memory"),
    ),
    check=_memory,
    fixtures=Fixtures(
        passes=[limited(memoryBytes=134217728), container(memory=128)],
        fails=[limited(memoryBytes=0), container(memory=0)],
        unknown=[limited(memoryBytes=UNKNOWN), task(resources=UNKNOWN)],
        absent=[service(), container()],
        absent_fails=True,
    ),
)


def _cpus(resource: Resource, options: Options) -> Iterator[str]:
    others = (get(resource.props, name) for name in ("cpuShares", "cpuQuota"))
    if of(resource, "cpus") in (None, 0, "", "0") and all(other in (None, 0) for other in others):
        yield "it may use all processors of its host"


CPUS = Rule(
    id="container-without-cpu-limit",
    description="Every container has a limit of processor time.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Set `limits.cpus` of the process in projects/<name>.yaml.",
    references=(
        cis_docker("5.12", "Ensure that CPU priority is set appropriately on containers"),
        anssi_docker("R11", "processor time"),
    ),
    check=_cpus,
    fixtures=Fixtures(
        passes=[limited(nanoCpus=500000000), container(cpus="0.5"), container(cpuShares=512)],
        fails=[limited(nanoCpus=0), container(cpus="0")],
        unknown=[limited(nanoCpus=UNKNOWN), container(cpus=UNKNOWN)],
        absent=[service(), container()],
        absent_fails=True,
    ),
)


def _logs(resource: Resource, options: Options) -> Iterator[str]:
    driver = of(resource, "log_driver")
    if driver not in (None, "", "json-file"):
        return  # the others bound their logs by themselves, or keep none on the host
    if driver != "json-file":
        yield "its logs grow until the disk is full"
    elif lacks(resource.props, f"{path(resource, 'log_options')}.max-size"):
        yield "its logs have no `max-size` and grow until the disk is full"


LOGS = Rule(
    id="container-unbounded-logs",
    description="No container fills its host's disk with logs.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Set the log driver's `max-size` and `max-file`, or use `journald`.",
    references=(anssi_docker("R16", "logs"),),
    check=_logs,
    fixtures=Fixtures(
        passes=[
            task(logDriver={"name": "json-file", "options": {"max-size": "10m"}}),
            container(logDriver="journald"),
            container(logDriver="local"),
        ],
        fails=[task(logDriver={"name": "json-file"}), container(logDriver="json-file", logOpts={"max-file": "3"})],
        unknown=[task(logDriver=UNKNOWN), task(logDriver={"name": "json-file", "options": UNKNOWN})],
        absent=[service(), container()],
        absent_fails=True,
    ),
)


def _is_asked(resource: Resource) -> bool:
    """
    Whether others send it requests: it has a name in a network, or a port.
    """
    aliased = any(not lacks(network, "aliases") for network in each(resource.props, path(resource, "networks")))
    return aliased or any(True for _ in each(resource.props, path(resource, "ports")))


def _health(resource: Resource, options: Options) -> Iterator[str]:
    if not _is_asked(resource):
        return
    health = of(resource, "health")
    if health is None:
        yield "requests are sent to it whether it can answer or not"
    elif list(each(health, "tests"))[:1] == ["NONE"]:
        yield "its health check is turned off, and requests are sent to it whether it can answer or not"


def asked(**spec: object) -> Resource:
    """
    An example of a service that others send requests to.
    """
    return task(containerSpec=spec, networksAdvanceds=[{"id": UNKNOWN, "aliases": ["shop-web-a"]}])


HEALTH = Rule(
    id="container-without-healthcheck",
    description="A container that is sent requests says whether it can answer them.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Set `health` of the process in projects/<name>.yaml.",
    references=(
        cis_docker("4.6", "Ensure that HEALTHCHECK instructions have been added to container images"),
        cis_docker("5.27", "Ensure that container health is checked at runtime"),
    ),
    check=_health,
    fixtures=Fixtures(
        passes=[asked(healthcheck={"interval": "2s"}), service()],
        fails=[asked(healthcheck={"tests": ["NONE"]}), container(ports=[{"internal": 80}])],
        unknown=[asked(healthcheck=UNKNOWN), asked(healthcheck={"tests": UNKNOWN})],
        absent=[asked()],
        absent_fails=True,
    ),
)


def _restart(resource: Resource, options: Options) -> Iterator[str]:
    # A service is restarted unless it says otherwise, a container only when it says so.
    policy = text(resource.props, path(resource, "restart"))
    is_given = not lacks(resource.props, path(resource, "restart"))
    if policy in options["refused"] or (resource.type == container().type and not is_given):
        yield "it stays away when its process ends, and after a reboot"


RESTART = Rule(
    id="container-not-restarted",
    description="What failed is started again.",
    level=Level.MANDATORY,
    types=BOTH,
    remediation="Set the restart policy: `any` for services, `unless-stopped` for containers.",
    references=(cis_docker("5.15", "Ensure that the 'on-failure' container restart policy is set to '5'"),),
    options={"refused": Option(("none", "no"), "Policies that do not restart.")},
    check=_restart,
    fixtures=Fixtures(
        passes=[task(restartPolicy={"condition": "any"}), container(restart="unless-stopped"), service()],
        fails=[task(restartPolicy={"condition": "none"}), container(restart="no")],
        unknown=[task(restartPolicy={"condition": UNKNOWN}), container(restart=UNKNOWN)],
        absent=[container()],
        absent_fails=True,
    ),
)

RULES = (MEMORY, CPUS, LOGS, HEALTH, RESTART)
