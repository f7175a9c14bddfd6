"""
What has to fit together: rules over settings that are valid part by part. Each yields its findings and never raises.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping

from settings.catalog import LOCATIONS
from settings.environment import Environment, Role
from settings.problems import Finding, Location
from settings.project import Project, Strategy
from settings.release import Releases
from settings.values import excerpt, suggest

# RFC 1918.
PRIVATE_NETWORKS = tuple(ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
# Docker's own bridge on every host, unless configured otherwise.
DOCKER_BRIDGE = ipaddress.IPv4Network("172.17.0.0/16")
# Shorter prefixes than these are "the world" for SSH, whatever they are called: {IP version: prefix length}.
SHORTEST_SOURCE_PREFIX = {4: 8, 6: 16}
# Hetzner keeps the network address, the gateway and the broadcast address of a subnet.
RESERVED_ADDRESSES = 3
MEGABYTES_PER_GIGABYTE = 1024


def check_project(project: Project, file_stem: str) -> Iterator[Finding]:
    """
    What is wrong with a project by itself; `file_stem` is its file's name without `.yaml`.
    """
    if project.name != file_stem:
        yield Finding(
            location=("name",),
            fact=f"`{project.name}` is in a file called {excerpt(file_stem)}",
            next_step=f"Rename the file to projects/{project.name}.yaml, or correct the name",
        )
    if project.health.timeout_s > project.health.interval_s:
        yield Finding(
            location=("health", "timeout_s"),
            fact=f"{project.health.timeout_s} is longer than interval_s, which is {project.health.interval_s}",
            next_step="Lower it, or raise interval_s",
        )
    yield from _check_volumes(project)


def _check_volumes(project: Project) -> Iterator[Finding]:
    yield from _repeated(("volumes",), [volume.name for volume in project.volumes], "volume")
    yield from _repeated(("volumes",), [volume.path for volume in project.volumes], "path")
    for index, volume in enumerate(project.volumes):
        if volume.shared:
            continue
        unshared = f"the volume `{volume.name}` is not shared"
        mend = "if the app tolerates several processes on it, write `shared: true`"
        if project.strategy is Strategy.BLUE_GREEN:
            yield Finding(
                location=("volumes", index),
                fact=f"{unshared}, but blue-green runs two releases at once",
                next_step=f"Write `strategy: recreate` (with downtime); {mend}",
            )
        if project.replicas > 1:
            yield Finding(
                location=("volumes", index),
                fact=f"{unshared}, but there are {project.replicas} replicas",
                next_step=f"Write `replicas: 1`; {mend}",
            )


def check_environment(environment: Environment, stack: str) -> Iterator[Finding]:
    """
    What is wrong with an environment by itself, on this stack.
    """
    if environment.name != stack:
        yield Finding(
            location=("name",),
            fact=f"`{environment.name}` is not the name of the stack, which is `{stack}`",
            next_step="Correct the name, or select the stack that is meant",
        )
    if not _is_inside(environment.domain, environment.zone):
        yield Finding(
            location=("domain",),
            fact=f"`{environment.domain}` is not in the zone `{environment.zone}`",
            next_step="Correct the domain or the zone",
        )
    yield from _check_network(environment)
    yield from _check_access(environment)
    tls = environment.ingress.tls
    if (tls.authority is None) == (tls.acme is None):
        yield Finding(
            location=("ingress", "tls"),
            fact="certificates come either from an `authority` or from `acme`",
            next_step="Keep exactly one of them",
        )
    for name, pool in environment.servers.items():
        yield from _repeated(("servers", name, "roles"), pool.roles, "role")


def _check_network(environment: Environment) -> Iterator[Finding]:
    network = environment.network
    cidr, subnet, overlay = (ipaddress.IPv4Network(text) for text in (network.cidr, network.subnet, network.overlay))
    for key, value in (("cidr", cidr), ("overlay", overlay)):
        if not any(value.subnet_of(private) for private in PRIVATE_NETWORKS):
            yield _network_finding(key, f"{value} is not a private network", "Take one inside 10.0.0.0/8 or 192.168.0.0/16")
        if value.overlaps(DOCKER_BRIDGE):
            yield _network_finding(key, f"{value} overlaps Docker's own network {DOCKER_BRIDGE}", "Take another one")
    if not subnet.subnet_of(cidr):
        yield _network_finding("subnet", f"{subnet} is not inside the network {cidr}", "Correct the subnet or `cidr`")
    if overlay.overlaps(cidr):
        yield _network_finding("overlay", f"{overlay} overlaps the servers' network {cidr}", "Take another one")
    count = sum(pool.count for pool in environment.servers.values())
    if count > subnet.num_addresses - RESERVED_ADDRESSES:
        yield _network_finding("subnet", f"{subnet} is too small for {count} servers", "Take a larger one")
    for name, pool in environment.servers.items():
        location = pool.location or environment.location
        if LOCATIONS[location] != network.zone:
            yield _network_finding(
                "zone",
                f"`{network.zone}` does not reach {location}, where the servers `{name}` stand",
                f"Write `{LOCATIONS[location]}`, or move the servers",
            )


def _network_finding(key: str, fact: str, next_step: str) -> Finding:
    return Finding(location=("network", key), fact=fact, next_step=next_step)


def _check_access(environment: Environment) -> Iterator[Finding]:
    access = environment.access
    if not access.public_keys and access.public_key_file is None:
        yield Finding(
            location=("access",),
            fact="nobody could log in: there is no public key",
            next_step="Add `public_keys` or `public_key_file`",
        )
    yield from _repeated(("access", "sources"), access.sources, "range")
    for index, text in enumerate(access.sources):
        source = ipaddress.ip_network(text)
        if source.prefixlen < SHORTEST_SOURCE_PREFIX[source.version]:
            yield Finding(
                location=("access", "sources", index),
                fact=f"{text} opens SSH to much of the internet",
                next_step="Write the addresses of your offices or VPN",
            )


def check_fleet(environment: Environment, projects: Mapping[str, Project]) -> Iterator[tuple[str | None, Finding]]:
    """
    What is wrong between projects, and between them and the environment; each with the project's name (None: the environment).
    """
    owners: dict[str, str] = {}
    for name, project in sorted(projects.items()):
        for finding in _check_domains(environment, project, owners):
            yield name, finding
        for finding in _check_capacity(environment, project):
            yield name, finding
    for role in Role if projects else ():
        if not environment.pools(role):
            yield (
                None,
                Finding(
                    location=("servers",),
                    fact=f"no server has the role `{role}`, but there are projects",
                    next_step=f"Add `{role}` to the roles of a pool",
                ),
            )


def _check_domains(environment: Environment, project: Project, owners: dict[str, str]) -> Iterator[Finding]:
    """
    `owners` is {host name: project} of the projects seen so far, and grows.
    """
    for index, hostname in enumerate(project.hostnames(environment.domain)):
        location: Location = ("domains", index)
        if hostname in owners:
            yield Finding(
                location=location,
                fact=f"`{hostname}` is a domain of the project `{owners[hostname]}` already",
                next_step="Remove it from one of them",
            )
        elif _is_inside(environment.domain, environment.zone) and not _is_inside(hostname, environment.zone):
            yield Finding(
                location=location,
                fact=f"`{hostname}` is not in the zone `{environment.zone}` of `{environment.name}`",
                next_step="Write it as `{subdomain: name}`, or correct it",
            )
        owners.setdefault(hostname, project.name)


def _check_capacity(environment: Environment, project: Project) -> Iterator[Finding]:
    pools = environment.pools(Role.APP).values()
    if not pools:
        return
    largest_mb = max(pool.hardware.memory_gb for pool in pools) * MEGABYTES_PER_GIGABYTE
    total_mb = sum(pool.hardware.memory_gb * pool.count for pool in pools) * MEGABYTES_PER_GIGABYTE
    memory_mb = project.limits.memory_mb
    if memory_mb > largest_mb:
        yield _memory_finding(f"{memory_mb} is more than the {largest_mb} MB of the largest server with the role `app`")
    elif memory_mb * project.replicas > total_mb:
        yield _memory_finding(f"{project.replicas} replicas with {memory_mb} each are more than the servers' {total_mb} MB")
    cores = max(pool.hardware.cores for pool in pools)
    if project.limits.cpus > cores:
        yield Finding(
            location=("limits", "cpus"),
            fact=f"{project.limits.cpus} is more than the {cores} cores of the largest server with the role `app`",
            next_step="Lower it, or take a larger server type",
        )
    if project.volumes and not any(pool.volume_gb for pool in pools):
        yield Finding(
            location=("volumes",),
            fact="no server with the role `app` has a disk for volumes",
            next_step=f"Set `volume_gb` on a pool in Pulumi.{environment.name}.yaml",
        )


def _memory_finding(fact: str) -> Finding:
    return Finding(location=("limits", "memory_mb"), fact=fact, next_step="Lower it, or take larger servers")


def check_served(
    environment: Environment, projects: Mapping[str, Project], known: Collection[str], releases: Releases
) -> Iterator[Finding]:
    """
    What is wrong between releases and projects. `known` names all project files, those with mistakes included.
    """
    if releases.projects and releases.platform is None:
        yield Finding(
            location=("platform",),
            fact="projects are served, but the images of the ingress are missing",
            next_step="Add `caddy` and `haproxy`; in the sandbox, `flotilla sandbox publish` does",
        )
    for name, project_releases in releases.projects.items():
        if name not in known:
            yield Finding(
                location=("projects", name),
                fact=f"there is no project `{name}`",
                next_step=suggest(name, known or ["(none yet)"]),
            )
        elif name in projects:
            expected = _repository(environment, projects[name])
            for index, release in enumerate(project_releases.serving):
                if release.image.partition("@")[0] != expected:
                    yield Finding(
                        location=("projects", name, "serving", index, "image"),
                        fact=f"this is not an image of the project, whose repository is `{expected}`",
                        next_step="Correct the release, or `image` in the project",
                    )


def _repository(environment: Environment, project: Project) -> str:
    """
    The project's image repository with its registry. As Docker has it, a first part with a dot or a port is a registry.
    """
    first, slash, _ = project.image.partition("/")
    return project.image if slash and ("." in first or ":" in first) else f"{environment.registry}/{project.image}"


def _is_inside(hostname: str, zone: str) -> bool:
    return hostname == zone or hostname.endswith(f".{zone}")


def _repeated(location: Location, values: Iterable[str], what: str) -> Iterator[Finding]:
    for value, times in Counter(values).items():
        if times > 1:
            yield Finding(location=location, fact=f"the {what} `{value}` is there {times} times", next_step="Keep one of them")
