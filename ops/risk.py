"""
How dangerous each change is: one table, from what the engine says alone, a reason on each line.

The first line that fits a step holds. What no line knows is important, never less. `tests/cases/plan/` has what the engine says
of real situations, and what it was graded.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ops.confirm import Level
from ops.events import Change, Step

CREATE, UPDATE, REPLACE, DELETE = Change.CREATE, Change.UPDATE, Change.REPLACE, Change.DELETE
GONE: Final = (REPLACE, DELETE)
ANY: Final = (CREATE, UPDATE, REPLACE, DELETE, Change.IMPORT)
SSH_PORT: Final = "22"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """
    One line of the table. `type` begins the type's token; `under` is the component that it is part of, `ending` how its name
    ends; `properties`: only where one of these changes, with `is_loss` only where it has less. `downtime` says who notices.
    """

    type: str
    changes: Collection[Change] = ANY
    level: Level
    reason: str
    says: str
    under: str = ""
    ending: str = ""
    properties: Collection[str] = ()
    with_parent: bool | None = None
    is_access: bool = False
    is_stop_first: bool = False
    is_loss: bool = False
    downtime: str = ""


def _rule(type: str, changes: Collection[Change], level: Level, says: str, reason: str, **further: Any) -> Rule:
    return Rule(type=type, changes=changes, level=level, says=says, reason=reason, **further)


STANDARD, IMPORTANT, CRITICAL = Level.STANDARD, Level.IMPORTANT, Level.CRITICAL
_COMMAND, _SERVICE = "command:remote:Command", "docker:index/service:Service"
_OFF = "the server powers off for about a minute"
_RESTART = "its containers restart, one after the other"
_STOPPED = "it is stopped before it starts again: some seconds without an answer"
_ENTRY = "requests wait or fail for some seconds, one server after the other"

# fmt: off
# ruff: noqa: E501 -- one line for each
TABLE: Final[Sequence[Rule]] = (
    # Who gets in.
    _rule("hcloud:index/sshKey:", (CREATE,), CRITICAL, "{name} may log in to new servers", "it gives access"),
    _rule("hcloud:index/sshKey:", ANY, CRITICAL, "SSH key of {name} {verb}", "it takes or changes access"),
    _rule("hcloud:index/firewall:", ANY, CRITICAL, "firewall {name}: who reaches SSH changes", "a mistake locks everybody out",
          is_access=True),
    _rule("flotilla:access:", (UPDATE,), CRITICAL, "access {name} {verb}: {details}", "it changes who gets in"),
    # What cannot be brought back.
    _rule("hcloud:index/server:", GONE, CRITICAL, "server {name} is {gone}, with everything on its own disk", "data is lost",
          downtime="everything on it stops"),
    _rule("hcloud:index/volume:", GONE, CRITICAL, "volume {name} is {gone}, with its data", "data is lost",
          downtime="what has its data there stops"),
    _rule("hcloud:index/network:", GONE, CRITICAL, "network {name} is {gone}", "every server is cut off from the others",
          downtime="servers do not reach one another meanwhile"),
    _rule("hcloud:index/networkSubnet:", GONE, CRITICAL, "subnet {name} is {gone}: {details}", "its servers lose their addresses",
          downtime="servers do not reach one another meanwhile"),
    _rule("hcloud:index/serverNetwork:", (REPLACE,), CRITICAL, "server {name} gets another private address",
          "what knows the old one does not reach it", downtime="the others do not reach it meanwhile"),
    _rule("hcloud:index/floatingIp:", GONE, CRITICAL, "floating address {name} is {gone}", "it cannot be got back",
          downtime="names lead nowhere until they are known to lead elsewhere"),
    _rule("cloudflare:index/zone:", GONE, CRITICAL, "DNS zone {name} is {gone}, with every name in it", "no name is found",
          downtime="no name in it is found"),
    _rule("docker:index/volume:", GONE, CRITICAL, "Docker volume {name} is {gone}, with its data", "data is lost"),
    _rule("docker:index/network:", GONE, CRITICAL, "the containers' network {name} is {gone}", "every container is cut off",
          downtime="no site answers until all containers are on it again"),
    _rule("flotilla:data:DatabaseServer", (DELETE,), CRITICAL, "database server {name} goes", "its databases go with it"),
    _rule("flotilla:data:Database", (DELETE,), CRITICAL, "database {name} is given up", "nobody looks after its data any more"),
    _rule("flotilla:data:Database", (UPDATE,), CRITICAL, "database {name} moves: {details}", "its data does not move by itself",
          properties=("server", "name")),
    _rule("flotilla:data:Backup", (DELETE,), CRITICAL, "{name} is backed up no more", "what is lost then stays lost"),
    _rule("flotilla:data:Backup", (UPDATE,), CRITICAL, "backups of {name}: {details}", "data is left out",
          properties=("covers",), is_loss=True),
    # Servers and what is around them.
    _rule("hcloud:index/server:", (CREATE,), IMPORTANT, "server {name} is made: {serverType} in {location}", "the fleet changes"),
    _rule("hcloud:index/server:", (UPDATE,), IMPORTANT, "server {name}: {details}", "it is resized", properties=("serverType",),
          downtime=_OFF),
    _rule("hcloud:index/server:", (UPDATE,), IMPORTANT, "server {name}: {details}", "it can be deleted then, or no longer",
          properties=("deleteProtection", "rebuildProtection")),
    _rule("hcloud:index/server:", (UPDATE,), IMPORTANT, "server {name}: {details}", "a server changes"),
    _rule("hcloud:index/volume:", (CREATE,), IMPORTANT, "volume {name} is made: {size} GB", "the fleet changes"),
    _rule("hcloud:index/volume:", (UPDATE,), IMPORTANT, "volume {name}: {details}", "a disk with data changes; it only grows"),
    _rule("hcloud:index/volumeAttachment:", ANY, IMPORTANT, "volume {name} is attached or taken off", "data is there, or not"),
    _rule("hcloud:index/network", ANY, IMPORTANT, "network {name} {verb}: {details}", "servers reach one another through it"),
    _rule("hcloud:index/serverNetwork:", ANY, IMPORTANT, "server {name}: its place in the private network {verb}",
          "the others reach it there"),
    _rule("hcloud:index/firewall", ANY, IMPORTANT, "firewall {name} {verb}: {details}", "it decides what is reachable"),
    _rule("hcloud:index/placementGroup", ANY, IMPORTANT, "placement group {name} {verb}", "which hardware servers share"),
    _rule("hcloud:index/loadBalancerTarget:", (DELETE,), IMPORTANT, "load balancer: {name} gets no more requests", "capacity goes"),
    _rule("hcloud:index/loadBalancer", GONE, IMPORTANT, "load balancer {name} is {gone}", "requests come in elsewhere",
          downtime="none while names are followed; visitors with the old address are answered until it is forgotten"),
    _rule("hcloud:index/loadBalancer", ANY, IMPORTANT, "load balancer {name} {verb}", "requests come in there"),
    _rule("hcloud:index/floatingIp", ANY, IMPORTANT, "floating address {name} {verb}", "requests come in there"),
    # What servers are.
    _rule("command:local:Command", (DELETE,), STANDARD, "roles of server {name} are looked after no more", "the server itself says more",
          under="flotilla:compute:Host"),
    _rule("command:local:Command", ANY, IMPORTANT, "server {name}: its roles are applied; see `flotilla host converge --dry-run`",
          "packages, files and units of a server change", under="flotilla:compute:Host"),
    _rule(_COMMAND, ANY, IMPORTANT, "server {name}: awaited, and its host key noted", "the steps after it trust it",
          under="flotilla:compute:Server"),
    _rule(_COMMAND, ANY, IMPORTANT, "volume {name}: mounted, grown or taken off", "data is there, or not",
          under="flotilla:storage:Volume"),
    _rule(_COMMAND, (DELETE,), IMPORTANT, "swarm: {name} hands its containers over and leaves", "capacity goes",
          under="flotilla:compute:Cluster", downtime=_RESTART),
    _rule(_COMMAND, ANY, IMPORTANT, "swarm: step {name} {verb}", "containers are placed by it", under="flotilla:compute:Cluster"),
    _rule("pulumi:providers:docker", GONE, IMPORTANT, "the way to the swarm ({name}) is {gone}", "containers are reached through it"),
    _rule("docker:index/network:", ANY, IMPORTANT, "the containers' network {name} {verb}", "all containers are on it"),
    # How requests get in.
    _rule(_SERVICE, GONE, IMPORTANT, "ingress: {name} is {gone}", "all requests go through it", under="flotilla:ingress:Ingress",
          downtime="no site answers meanwhile"),
    _rule(_SERVICE, (UPDATE,), IMPORTANT, "ingress: {name}: {details}", "all requests go through it", under="flotilla:ingress:Ingress",
          downtime=_ENTRY),
    _rule(_SERVICE, ANY, IMPORTANT, "ingress: {name} {verb}", "all requests go through it", under="flotilla:ingress:Ingress"),
    _rule(_COMMAND, ANY, IMPORTANT, "ingress: configuration step {name} {verb}", "all requests go through it",
          under="flotilla:ingress:Ingress"),
    _rule(_COMMAND, (DELETE,), IMPORTANT, "site {name}: its names and certificates are taken out", "visitors find nothing",
          under="flotilla:ingress:Site", with_parent=True, downtime="its names are not answered any more"),
    _rule(_COMMAND, (DELETE,), IMPORTANT, "site {name}: one server less has it", "the others answer",
          under="flotilla:ingress:Site"),
    _rule(_COMMAND, ANY, IMPORTANT, "site {name}: names and certificates are set", "Caddy's configuration changes",
          under="flotilla:ingress:Site"),
    _rule("flotilla:ingress:Site", (UPDATE,), IMPORTANT, "site {name}: {details}", "visitors see it"),
    _rule(_COMMAND, (DELETE,), IMPORTANT, "route {name} is taken out", "nobody serves it any more", under="flotilla:ingress:Route",
          with_parent=True),
    _rule(_COMMAND, (DELETE,), IMPORTANT, "route {name}: one server less has it", "the others answer",
          under="flotilla:ingress:Route"),
    _rule(_COMMAND, ANY, STANDARD, "route {name}: traffic is switched without losing a request", "the way back is the same switch",
          under="flotilla:ingress:Route"),
    _rule(_COMMAND, ANY, STANDARD, "ingress: {name} says whether it is ready", "it follows sites and routes",
          under="flotilla:ingress:Readiness"),
    _rule(_COMMAND, ANY, IMPORTANT, "entry: step {name} {verb}", "names lead there after it", under="flotilla:network:"),
    _rule("cloudflare:index/dnsRecord:", (CREATE,), STANDARD, "DNS: {name} is added", "nothing that was there changes"),
    _rule("cloudflare:index/dnsRecord:", (DELETE,), IMPORTANT, "DNS: {name} is removed", "who remembers it goes on for its TTL",
          downtime="the name is not found any more"),
    _rule("cloudflare:index/dnsRecord:", ANY, IMPORTANT, "DNS: {name}: {details}", "who remembers it goes on for its TTL"),
    # What projects run.
    _rule("docker:index/secret:", (CREATE,), IMPORTANT, "secret {name} gets a value", "containers read it"),
    _rule("docker:index/secret:", ANY, IMPORTANT, "secret {name} is {gone}", "the old value is gone"),
    _rule(_SERVICE, (DELETE,), IMPORTANT, "{name} stops for good", "nobody does its work any more", under="flotilla:app:",
          with_parent=True, downtime="it is not served any more"),
    _rule(_SERVICE, (DELETE,), STANDARD, "{name}: the old release is removed, after its last request", "its digest is in the history",
          under="flotilla:app:"),
    _rule(_SERVICE, (CREATE,), IMPORTANT, "{name}: it starts as one that cannot run twice: {image}", "each later release stops it first",
          under="flotilla:app:", is_stop_first=True),
    _rule(_SERVICE, (CREATE,), STANDARD, "{name}: a release starts: {image}", "it gets requests only once it is healthy",
          under="flotilla:app:"),
    _rule(_SERVICE, (UPDATE, REPLACE), IMPORTANT, "{name}: {details}", "it cannot run twice", under="flotilla:app:",
          is_stop_first=True, downtime=_STOPPED),
    _rule(_SERVICE, (UPDATE,), STANDARD, "{name}: {details}", "another container takes over before one stops", under="flotilla:app:"),
    _rule(_SERVICE, (REPLACE,), IMPORTANT, "{name} is made anew: {details}", "it stops first", under="flotilla:app:",
          downtime=_STOPPED),
    _rule("flotilla:app:Job", (UPDATE,), IMPORTANT, "job {name}: {details}", "when and with what it runs",
          properties=("schedule", "timeoutS", "memoryMb", "cpus", "user", "readOnly")),
    _rule("flotilla:app:Job", (UPDATE,), STANDARD, "job {name}: {details}", "its next run is of this release"),
    _rule(_COMMAND, (DELETE,), IMPORTANT, "job {name} is taken out", "it does not run any more", under="flotilla:app:Job",
          ending="-timer"),
    _rule(_COMMAND, ANY, STANDARD, "job {name}: its timer and release are set", "its next run is of this release",
          under="flotilla:app:Job"),
    _rule(_COMMAND, ANY, STANDARD, "{name}: folders for its volumes", "nothing that is there is removed", under="flotilla:app:"),
    _rule(_COMMAND, (DELETE,), STANDARD, "{name}: this migration is history", "nothing is undone", under="flotilla:data:Migration"),
    _rule(_COMMAND, ANY, STANDARD, "database migration {name} runs before the release starts", "one that fails stops the release",
          under="flotilla:data:Migration"),
    _rule("flotilla:data:Migration", ANY, STANDARD, "database migration {name}: {details}", "it comes with a release"),
    # Data, care and the environment, as they are declared.
    _rule("flotilla:data:Database", ANY, IMPORTANT, "database {name} {verb}: {details}", "who uses it logs in anew, or waits longer"),
    _rule("flotilla:data:Backup", ANY, IMPORTANT, "backups of {name} {verb}: {details}", "what can be brought back changes"),
    _rule("flotilla:monitoring:", (DELETE,), IMPORTANT, "monitoring {name} ends", "nobody is told of anything"),
    _rule("flotilla:monitoring:", ANY, IMPORTANT, "monitoring {name} {verb}: {details}", "who is told of what changes"),
    _rule("flotilla:fleet:Fleet", (UPDATE,), IMPORTANT, "environment {name}: {details}", "policies judge by it",
          properties=("waivers", "approvals", "compliance", "environment", "stack", "domain", "registry")),
    _rule("flotilla:fleet:Fleet", ANY, STANDARD, "environment {name}: {details}", "it only describes what is elsewhere"),
    _rule("flotilla:", (UPDATE,), IMPORTANT, "{name}: {details}", "a fact that policies judge by"),
    _rule("flotilla:", ANY, Level.INFO, "{name} {verb}", "it only holds others together"),
    _rule("pulumi:pulumi:Stack", ANY, Level.INFO, "the stack {verb}", "it only holds others together"),
    _rule("pulumi:providers:", (CREATE, DELETE), Level.INFO, "plugin {name} {verb}", "it only reaches others"),
    _rule("pulumi:providers:", ANY, STANDARD, "plugin {name}: {details}", "the same resources through another version or address"),
)
# fmt: on
UNKNOWN_TYPE: Final = Rule(
    type="", level=IMPORTANT, reason="nobody has said yet how dangerous this type is", says="{type} {name} {verb}: {details}"
)
UNPROTECTED: Final = Rule(
    type="", level=IMPORTANT, reason="a later change may delete it", says="{name} is protected no more: it can be deleted"
)
PROTECTED: Final = Rule(type="", level=STANDARD, reason="nothing can delete it", says="{name} is protected from now on")


def rule_of(step: Step, gone: Collection[str]) -> Rule | None:
    """
    The line that fits; None for what stays as it is. `gone` are the URNs of what is deleted in the same plan.
    """
    if step.change in (Change.SAME, Change.READ, Change.REFRESH):
        if step.was_protected == step.is_protected or step.change is not Change.SAME:
            return None
        return PROTECTED if step.is_protected else UNPROTECTED
    return next((rule for rule in TABLE if _fits(rule, step, gone)), UNKNOWN_TYPE)


def _fits(rule: Rule, step: Step, gone: Collection[str]) -> bool:
    return (
        step.type.startswith(rule.type)
        and step.change in rule.changes
        and (not rule.under or rule.under in components(step.urn))
        and step.name.endswith(rule.ending)
        and (not rule.properties or bool(step.properties & frozenset(rule.properties)))
        and (rule.with_parent is None or (step.parent in gone) is rule.with_parent)
        and (not rule.is_loss or any(_loses(step, name) for name in rule.properties))
        and (not rule.is_access or _touches_ssh(step))
        and (not rule.is_stop_first or _stops_first(step))
    )


def components(urn: str) -> str:
    """
    The types of the components that a resource is part of, as its URN has them.
    """
    return urn.split("::")[2].rpartition("$")[0]


def _loses(step: Step, name: str) -> bool:
    """
    Whether a list is without something that it had.
    """
    return any(item not in step.after.get(name, []) for item in step.before.get(name, []))


def _touches_ssh(step: Step) -> bool:
    """
    Whether the rules for SSH are others than before. With a firewall's going, everything is open that servers do not close.
    """
    after = None if step.change is DELETE else _ssh_rules(step.after)
    return step.change is not CREATE and _ssh_rules(step.before) != after


def _ssh_rules(inputs: Mapping[str, Any]) -> list[Any]:
    return [rule for rule in inputs.get("rules", []) if rule.get("port") == SSH_PORT]


def _stops_first(step: Step) -> bool:
    order = (step.after.get("updateConfig") or {}).get("order")
    is_touched = any(re.match(r"taskSpec\b", path) for path in step.differing) or step.change in (CREATE, REPLACE)
    return order == "stop-first" and is_touched
