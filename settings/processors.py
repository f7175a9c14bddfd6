"""
The other companies that an environment hands data to, which data protection law calls processors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from settings.environment import Environment, ReceiverKind, is_inside
from settings.project import Project


@dataclass(frozen=True, kw_only=True)
class Processor:
    """
    One of them. `name` is a host's, or a word for the service; `location` is empty where settings do not say. `is_given`: there
    is no environment without it, so that nobody has to approve it again.
    """

    name: str
    what: str
    location: str = ""
    is_given: bool = False


def processors(environment: Environment, projects: Mapping[str, Project]) -> tuple[Processor, ...]:
    """
    All of them, by name. A host in one of the environment's own zones is one's own.
    """
    found: dict[str, Processor] = {}
    for one in (*_given(environment), *_others(environment, projects)):
        if any(is_inside(one.name, zone) for zone in environment.all_zones):
            continue
        known = found.get(one.name)
        found[one.name] = one if known is None else _both(known, one)
    return tuple(found[name] for name in sorted(found))


def _both(one: Processor, other: Processor) -> Processor:
    what = "; ".join(dict.fromkeys((one.what, other.what)))
    return Processor(name=one.name, what=what, location=one.location or other.location)


def _given(environment: Environment) -> Iterator[Processor]:
    places = {pool.location or environment.location for pool in environment.servers.values()}
    yield Processor(
        name="hetzner",
        what="servers and disks, with everything on them",
        location=", ".join(sorted(places)),
        is_given=True,
    )
    yield Processor(name="cloudflare", what="names and addresses, no data of projects", is_given=True)


def _others(environment: Environment, projects: Mapping[str, Project]) -> Iterator[Processor]:
    offsite = environment.backup.offsite if environment.backup else None
    if offsite:
        yield Processor(name=offsite.host, what="copies of the backups, encrypted", location=offsite.location)
    if environment.dns.proxied or any(record.proxied for record in environment.dns.records):
        yield Processor(name="cloudflare-proxy", what="requests and answers of visitors, in plain")
    yield from (Processor(name=host, what="images of projects") for host in _registries(environment, projects))
    yield from _told(environment)


def _registries(environment: Environment, projects: Mapping[str, Project]) -> list[str]:
    images = [image for project in projects.values() for image in (project.image, *project.own_images().values()) if image]
    hosts = {image.partition("/")[0] for image in images if "." in image.partition("/")[0]} | {environment.registry}
    return sorted({host.partition(":")[0] for host in hosts})


def _told(environment: Environment) -> Iterator[Processor]:
    """
    Alerts have names of servers and projects in them, and addresses of who is told.
    """
    monitoring = environment.monitoring
    if monitoring and monitoring.mail:
        yield Processor(name=monitoring.mail.host, what="alerts by mail")
    for receiver in monitoring.receivers if monitoring else ():
        if receiver.kind is ReceiverKind.SLACK:
            yield Processor(name="slack", what="alerts")
        elif receiver.kind is ReceiverKind.WEBHOOK:
            yield Processor(name=f"webhook-{receiver.name}", what="alerts, to an address that is secret")
