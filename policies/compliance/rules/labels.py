"""
What things are labelled: who made them, for which environment, and what else the environment asks for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.framework import UNKNOWN, Finding, Fixtures, Level, Option, Options, Resource, Rule, Stack, StackRule, each, get
from policies.framework.kinds import (
    FIREWALL,
    FLEET,
    FLOATING_IP,
    HCLOUD_NETWORK,
    LOAD_BALANCER,
    PLACEMENT_GROUP,
    PRIMARY_IP,
    SERVER,
    SSH_KEY,
    VOLUME,
)

from .examples import LABELS, fleet, made
from .references import INVENTORY, LABELLING

# What Hetzner lets carry labels, of what the program makes.
LABELLED = (SERVER, VOLUME, HCLOUD_NETWORK, FIREWALL, SSH_KEY, PLACEMENT_GROUP, FLOATING_IP, PRIMARY_IP, LOAD_BALANCER)


def _labels(resource: Resource) -> Mapping[str, Any] | None:
    """
    The resource's labels; None while they are not known.
    """
    found = get(resource.props, "labels")
    if found is UNKNOWN:
        return None
    return found if isinstance(found, Mapping) else {}


def _lacks(labels: Mapping[str, Any], name: str) -> bool:
    """
    Whether there is certainly no such label, or an empty one.
    """
    return labels.get(name) in (None, "")


def _known(resource: Resource, options: Options) -> dict[str, str]:
    """
    The labels that everything has, and whose values are known without asking anybody.
    """
    return {str(options["maker"]): str(options["maker_value"]), str(options["environment"]): resource.stack}


def _unlabelled(resource: Resource, options: Options) -> Iterator[str]:
    labels = _labels(resource)
    if labels is not None:
        for name in _known(resource, options):
            if _lacks(labels, name):
                yield f"it has no label `{name}`"


def _label(resource: Resource, options: Options) -> Mapping[str, Any]:
    labels = _labels(resource)
    if labels is None:
        return {}
    missing = {name: value for name, value in _known(resource, options).items() if _lacks(labels, name)}
    return {"labels": {**labels, **missing}} if missing else {}


def _mislabelled(resource: Resource, options: Options) -> Iterator[str]:
    name = str(options["environment"])
    value = get(_labels(resource) or {}, name)
    if isinstance(value, str) and value and value != resource.stack:
        yield f"its label `{name}` says {value}, but it belongs to {resource.stack}"


def _required(stack: Stack, options: Options) -> Iterator[Finding]:
    declared = each(stack.fleet.props, "compliance.requiredLabels") if stack.fleet else ()
    required = sorted({*(name for name in declared if isinstance(name, str)), *options["labels"]})
    for resource in stack.of(*LABELLED):
        labels = _labels(resource)
        for name in required if labels is not None else ():
            if _lacks(labels or {}, name):
                yield Finding(message=f"it has no label `{name}`", resource=resource)


NAMES = {"environment": Option("environment", "The label that names the environment.")}
MAKER = {
    "maker": Option("managed-by", "The label that says what manages a resource."),
    "maker_value": Option("flotilla", "What it says."),
}


RULES: tuple[Rule | StackRule, ...] = (
    Rule(
        id="labels-known",
        description="Cloud resources say what manages them and which environment they belong to.",
        level=Level.REMEDIATE,
        types=LABELLED,
        remediation="Nothing has to be done where the pack may remedy it. Otherwise set them in `labels`.",
        references=(LABELLING, INVENTORY),
        options=MAKER | NAMES,
        check=_unlabelled,
        fix=_label,
        fixtures=Fixtures(
            passes=[made(kind, labels=LABELS) for kind in LABELLED],
            fails=[made(SERVER, labels={"managed-by": "flotilla"}), made(VOLUME, labels={**LABELS, "environment": ""})],
            unknown=[made(SERVER, labels=UNKNOWN), made(SERVER, labels={**LABELS, "environment": UNKNOWN})],
            absent=[made(SERVER)],
            absent_fails=True,
        ),
    ),
    Rule(
        id="labels-environment",
        description="The label that names the environment is true.",
        level=Level.MANDATORY,
        types=LABELLED,
        remediation="Correct the label, or select the stack that the resource was meant for.",
        references=(LABELLING,),
        options=NAMES,
        check=_mislabelled,
        fixtures=Fixtures(
            passes=[made(SERVER, labels=LABELS), made(SERVER, stack="staging", labels={"environment": "staging"})],
            fails=[made(SERVER, stack="staging", labels=LABELS)],
            unknown=[made(SERVER, labels=UNKNOWN), made(SERVER, labels={"environment": UNKNOWN})],
            absent=[made(SERVER), made(SERVER, labels={})],
            absent_fails=False,
        ),
    ),
    StackRule(
        id="labels-required",
        description="Cloud resources carry the labels that the environment asks for.",
        level=Level.MANDATORY,
        types=(FLEET, *LABELLED),
        remediation="Set the label on the resource, or take it out of `compliance.required_labels`.",
        references=(LABELLING, INVENTORY),
        options={"labels": Option(("managed-by", "environment"), "Labels that are asked for beside the environment's own.")},
        check=_required,
        fixtures=Fixtures(
            passes=[
                [fleet(), made(SERVER, labels=LABELS)],
                [fleet(compliance={"requiredLabels": ["team"]}), made(SERVER, labels={**LABELS, "team": "web"})],
            ],
            fails=[
                [fleet(compliance={"requiredLabels": ["team"]}), made(VOLUME, labels=LABELS)],
                [made(SERVER, labels={"managed-by": "flotilla"})],
            ],
            unknown=[
                [fleet(), made(SERVER, labels=UNKNOWN)],
                [fleet(compliance=UNKNOWN), made(SERVER, labels=LABELS)],
            ],
            absent=[[fleet(), made(SERVER)], [made(SERVER, labels={})]],
            absent_fails=True,
        ),
    ),
)
