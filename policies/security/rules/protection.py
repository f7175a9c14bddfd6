"""
What must not be lost by a slip: servers, disks, networks and addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from policies.framework import UNKNOWN, Fixtures, Level, Option, Options, Resource, Rule, get, is_sandbox
from policies.framework.kinds import FLOATING_IP, HCLOUD_NETWORK, PRIMARY_IP, SERVER, SUBNET, VOLUME

from .references import gdpr

AVAILABILITY = gdpr("32(1)(b)", "availability and resilience of processing systems")
STATEFUL = (SERVER, VOLUME, HCLOUD_NETWORK, SUBNET, FLOATING_IP)
# What the API takes into account only when a server is made; the provider would make a new one (DESIGN D5).
CREATION_ONLY = ("userData", "sshKeys", "image")


def _lacking(*names: str) -> Callable[[Resource, Options], Iterator[str]]:
    def check(resource: Resource, options: Options) -> Iterator[str]:
        if not is_sandbox(resource.stack):
            yield from (f"`{name}` is not set" for name in names if get(resource.props, name) not in (True, UNKNOWN))

    return check


def _setting(*names: str) -> Callable[[Resource, Options], Mapping[str, Any]]:
    """
    The remedy. Hetzner wants both protections of a server or none, so that they are set together.
    """

    def fix(resource: Resource, options: Options) -> Mapping[str, Any]:
        if is_sandbox(resource.stack) or all(get(resource.props, name) in (True, UNKNOWN) for name in names):
            return {}
        return dict.fromkeys(names, True)

    return fix


def _fixtures(kind: str, names: tuple[str, ...], *both: str) -> Fixtures[Resource]:
    def case(value: Any, stack: str = "production") -> Resource:
        return Resource(type=kind, stack=stack, props={"name": "example", **dict.fromkeys(both or names, value)})

    return Fixtures(
        passes=[case(True), case(False, "local")],
        fails=[case(False)],
        unknown=[case(UNKNOWN)],
        absent=[Resource(type=kind, props={"name": "example"})],
        absent_fails=True,
    )


def _kept(
    id: str,
    kind: str,
    what: str,
    *names: str,
    together: tuple[str, ...] = (),
) -> Rule:
    return Rule(
        id=id,
        description=f"Hetzner refuses to {what}, whoever asks by mistake.",
        level=Level.REMEDIATE,
        types=(kind,),
        remediation="This rule sets it; to destroy the resource on purpose, take the protection off in an update of its own.",
        references=(AVAILABILITY,),
        check=_lacking(*names),
        fix=_setting(*(together or names)),
        fixtures=_fixtures(kind, names, *together),
    )


BOTH = ("deleteProtection", "rebuildProtection")
SERVER_KEPT = _kept("server-delete-protection", SERVER, "delete a server", "deleteProtection", together=BOTH)
SERVER_NOT_REBUILT = _kept("server-rebuild-protection", SERVER, "rebuild a server", "rebuildProtection", together=BOTH)
VOLUME_KEPT = _kept("volume-delete-protection", VOLUME, "delete a volume", "deleteProtection")
NETWORK_KEPT = _kept("network-delete-protection", HCLOUD_NETWORK, "delete a network", "deleteProtection")
FLOATING_KEPT = _kept("floating-ip-delete-protection", FLOATING_IP, "delete a floating IP", "deleteProtection")
PRIMARY_KEPT = _kept("primary-ip-delete-protection", PRIMARY_IP, "delete a primary IP", "deleteProtection")


def _unprotected(resource: Resource, options: Options) -> Iterator[str]:
    if not resource.protect and not is_sandbox(resource.stack):
        yield "a `pulumi destroy`, or an edit that replaces it, would delete it"


def _stateful(kind: str, stack: str = "production", *, protect: bool = False) -> Resource:
    return Resource(type=kind, stack=stack, protect=protect, props={"name": "example"})


UNPROTECTED = Rule(
    id="stateful-unprotected",
    description="Pulumi refuses to delete what holds data or is known by its address.",
    level=Level.MANDATORY,
    types=STATEFUL,
    remediation="Set `protect` in the resource's options, as `protect=not is_sandbox(stack)` does for all components.",
    references=(AVAILABILITY,),
    check=_unprotected,
    fixtures=Fixtures(
        passes=[_stateful(VOLUME, protect=True), _stateful(SERVER, "local"), _stateful(SERVER, "local-2")],
        fails=[_stateful(SERVER), _stateful(VOLUME), _stateful(HCLOUD_NETWORK), _stateful(FLOATING_IP)],
        # An option is never unknown; properties do not matter here.
        unknown=[Resource(type=VOLUME, protect=True, props={"name": UNKNOWN})],
        absent=[Resource(type=SERVER, props={})],
        absent_fails=True,
    ),
)


def _replaced(resource: Resource, options: Options) -> Iterator[str]:
    watched = [name for name in options["properties"] if name not in resource.ignore_changes]
    if watched and not is_sandbox(resource.stack):
        yield f"an edit of {' or '.join(f'`{name}`' for name in watched)} would replace it with an empty one"


def _server(*ignored: str, stack: str = "production") -> Resource:
    return Resource(type=SERVER, stack=stack, ignore_changes=ignored, props={"image": "debian-12", "userData": UNKNOWN})


REPLACED = Rule(
    id="server-replaced-by-edit",
    description="No edit replaces a server.",
    level=Level.MANDATORY,
    types=(SERVER,),
    remediation="Name them in `ignore_changes`: they count when the server is made, and the host's roles do the rest.",
    references=(AVAILABILITY,),
    options={"properties": Option(CREATION_ONLY, "Properties whose change replaces a server.")},
    check=_replaced,
    fixtures=Fixtures(
        passes=[_server(*CREATION_ONLY), _server(stack="local")],
        fails=[_server("userData"), _server()],
        unknown=[_server(*CREATION_ONLY)],
        absent=[Resource(type=SERVER)],
        absent_fails=True,
    ),
)

RULES = (
    SERVER_KEPT,
    SERVER_NOT_REBUILT,
    VOLUME_KEPT,
    NETWORK_KEPT,
    FLOATING_KEPT,
    PRIMARY_KEPT,
    UNPROTECTED,
    REPLACED,
)
