"""
What has to fit together inside one file, whose parts are valid by themselves. Each check yields its findings and never raises.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator

from settings.catalog import LOCATIONS
from settings.environment import Environment, is_inside
from settings.problems import Finding, Location
from settings.project import Project, Strategy
from settings.values import excerpt

# RFC 1918.
PRIVATE_NETWORKS = tuple(ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
# Docker's own bridge on every host, unless configured otherwise.
DOCKER_BRIDGE = ipaddress.IPv4Network("172.17.0.0/16")
# Shorter prefixes than these are "the world" for SSH, whatever they are called: {IP version: prefix length}.
SHORTEST_SOURCE_PREFIX = {4: 8, 6: 16}
# Hetzner keeps the network address, the gateway and the broadcast address of a subnet.
RESERVED_ADDRESSES = 3


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
    if project.health and project.health.timeout_s > project.health.interval_s:
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
    if not is_inside(environment.domain, environment.zone):
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
    cidr, overlay = (ipaddress.IPv4Network(text) for text in (network.cidr, network.overlay))
    subnets = {zone: ipaddress.IPv4Network(text) for zone, text in network.subnets.items()}
    for key, value in (("cidr", cidr), ("overlay", overlay)):
        if not any(value.subnet_of(private) for private in PRIVATE_NETWORKS):
            yield _network_finding(key, f"{value} is not a private network", "Take one inside 10.0.0.0/8 or 192.168.0.0/16")
        if value.overlaps(DOCKER_BRIDGE):
            yield _network_finding(key, f"{value} overlaps Docker's own network {DOCKER_BRIDGE}", "Take another one")
    for zone, subnet in subnets.items():
        if not subnet.subnet_of(cidr):
            yield _network_finding(
                "subnets", f"{subnet} is not inside the network {cidr}", "Correct the subnet or `cidr`", zone
            )
    if overlay.overlaps(cidr):
        yield _network_finding("overlay", f"{overlay} overlaps the servers' network {cidr}", "Take another one")
    counts: Counter[str] = Counter()
    for name, pool in environment.servers.items():
        zone = LOCATIONS[pool.location or environment.location]
        counts[zone] += pool.count
        if zone not in subnets:
            yield Finding(
                location=("servers", name),
                fact=f"there is no subnet in the network zone `{zone}`, where these servers stand",
                next_step=f"Add `{zone}` to `network.subnets`, or move the servers",
            )
    for zone, count in counts.items():
        if zone in subnets and count > subnets[zone].num_addresses - RESERVED_ADDRESSES:
            yield _network_finding("subnets", f"{subnets[zone]} is too small for {count} servers", "Take a larger one", zone)


def _network_finding(key: str, fact: str, next_step: str, *inner: str) -> Finding:
    return Finding(location=("network", key, *inner), fact=fact, next_step=next_step)


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


def _repeated(location: Location, values: Iterable[str], what: str) -> Iterator[Finding]:
    for value, times in Counter(values).items():
        if times > 1:
            yield Finding(location=location, fact=f"the {what} `{value}` is there {times} times", next_step="Keep one of them")
