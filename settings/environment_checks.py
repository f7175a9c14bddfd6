"""
What has to fit together inside one environment, whose parts are valid by themselves. Checks yield findings and never raise.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

from settings.catalog import is_sold
from settings.environment import Entry, Environment, Monitoring, ReceiverKind, Role
from settings.network_checks import check_network
from settings.problems import Finding, Location, repeated
from settings.record_checks import check_records

# Shorter prefixes than these are "the world" for SSH, whatever they are called: {IP version: prefix length}.
SHORTEST_SOURCE_PREFIX = {4: 8, 6: 16}


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
    if environment.zone_of(environment.domain) is None:
        yield Finding(
            location=("domain",),
            fact=f"`{environment.domain}` is not in the zone `{environment.zone}`",
            next_step="Correct the domain or the zone",
        )
    yield from repeated(("zones",), environment.all_zones, "zone")
    yield from check_network(environment)
    yield from _check_access(environment)
    yield from _check_servers(environment)
    yield from _check_ingress(environment)
    yield from check_records(environment)
    yield from _check_backup(environment)
    yield from _check_monitoring(environment)
    yield from _check_exceptions(environment)


def _check_access(environment: Environment) -> Iterator[Finding]:
    access = environment.access
    if not access.public_keys and access.public_key_file is None:
        yield Finding(
            location=("access",),
            fact="nobody could log in: there is no public key",
            next_step="Add `public_keys` or `public_key_file`",
        )
    yield from repeated(("access", "sources"), access.sources, "range")
    for index, text in enumerate(access.sources):
        source = ipaddress.ip_network(text)
        if source.prefixlen < SHORTEST_SOURCE_PREFIX[source.version]:
            yield Finding(
                location=("access", "sources", index),
                fact=f"{text} opens SSH to much of the internet",
                next_step="Write the addresses of your offices or VPN",
            )


def _check_servers(environment: Environment) -> Iterator[Finding]:
    for name, pool in environment.servers.items():
        yield from repeated(("servers", name, "roles"), pool.roles, "role")
        location = pool.location or environment.location
        if not is_sold(pool.type, location):
            yield Finding(
                location=("servers", name, "type"),
                fact=f"`{pool.type}` cannot be ordered in {location}",
                next_step="Take another type or location",
            )
        if Role.DB in pool.roles and pool.volume_gb is None:
            yield Finding(
                location=("servers", name),
                fact="databases would be lost with their server: it has the role `db`, but no disk that outlives it",
                next_step="Set `volume_gb`",
            )


def _check_ingress(environment: Environment) -> Iterator[Finding]:
    tls, count = environment.ingress.tls, environment.count(Role.INGRESS)
    if (tls.authority is None) == (tls.acme is None):
        yield Finding(
            location=("ingress", "tls"),
            fact="certificates come either from an `authority` or from `acme`",
            next_step="Keep exactly one of them",
        )
    if environment.ingress.entry is Entry.SERVER and count > 1:
        yield Finding(
            location=("ingress", "entry"),
            fact=f"{count} servers have the role `ingress`, but with `server` names point to the first of them only",
            next_step="Write `load-balancer` or `floating-ip`, or remove `entry`",
        )


def _check_backup(environment: Environment) -> Iterator[Finding]:
    yield from _check_role(environment, Role.BACKUP, "backup", is_wanted=environment.backup is not None)
    if environment.backup and environment.backup.retention.is_empty:
        yield Finding(
            location=("backup", "retention"), fact="no backup would be kept", next_step="Raise `daily`, `weekly` or `monthly`"
        )


def _check_monitoring(environment: Environment) -> Iterator[Finding]:
    monitoring = environment.monitoring
    yield from _check_role(environment, Role.MONITORING, "monitoring", is_wanted=monitoring is not None)
    if monitoring is None:
        return
    location: Location = ("monitoring", "receivers")
    yield from repeated(location, [receiver.name for receiver in monitoring.receivers], "receiver")
    yield from repeated(("monitoring", "resolvers"), monitoring.resolvers, "resolver")
    for index, receiver in enumerate(monitoring.receivers):
        needed, other = ("to", "secret") if receiver.kind is ReceiverKind.EMAIL else ("secret", "to")
        if getattr(receiver, needed) is None:
            yield Finding(
                location=(*location, index, needed),
                fact=f"this is missing, and a receiver by `{receiver.kind}` needs it",
                next_step="Write the address to send to" if needed == "to" else "Name one of the secret `notifications`",
            )
        if getattr(receiver, other) is not None:
            yield Finding(
                location=(*location, index, other),
                fact=f"a receiver by `{receiver.kind}` has no use for it",
                next_step="Remove it, or correct `kind`",
            )
    yield from _check_mail(monitoring)


def _check_mail(monitoring: Monitoring) -> Iterator[Finding]:
    location: Location = ("monitoring", "mail")
    mail, is_needed = monitoring.mail, any(receiver.kind is ReceiverKind.EMAIL for receiver in monitoring.receivers)
    if is_needed and mail is None:
        yield Finding(
            location=location,
            fact="this is missing, and a receiver by `email` needs a server that takes its mail",
            next_step="Write its `host` and the `sender`",
        )
    if mail and not is_needed:
        yield Finding(location=location, fact="no receiver by `email` has a use for it", next_step="Remove it")
    if mail and (mail.user is None) != (mail.secret is None):
        missing = "user" if mail.user is None else "secret"
        yield Finding(
            location=(*location, missing),
            fact="this is missing: who logs in has a name and a password",
            next_step="Write both `user` and `secret`, or neither",
        )


def _check_role(environment: Environment, role: Role, section: str, *, is_wanted: bool) -> Iterator[Finding]:
    """
    A role and the section that says what its servers do need each other.
    """
    pools = environment.pools(role)
    if is_wanted and not pools:
        yield Finding(
            location=(section,),
            fact=f"no server has the role `{role}`, which would do it",
            next_step=f"Add `{role}` to the roles of a pool",
        )
    if not is_wanted:
        for name in pools:
            yield Finding(
                location=("servers", name, "roles"),
                fact=f"the role `{role}` has nothing to do, because there is no `{section}`",
                next_step=f"Add `{section}`, or remove the role",
            )


def _check_exceptions(environment: Environment) -> Iterator[Finding]:
    if environment.compliance:
        yield from repeated(("compliance", "required_labels"), environment.compliance.required_labels, "label")
    rules = [f"{waiver.rule} for {waiver.resource}" for waiver in environment.waivers]
    yield from repeated(("waivers",), rules, "waiver")
    yield from repeated(("approvals",), [approval.what for approval in environment.approvals], "approval")
