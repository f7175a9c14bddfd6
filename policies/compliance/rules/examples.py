"""
Resources for the rules' examples: a production environment that is in order, to change what an example is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.framework import Resource
from policies.framework.kinds import BACKUP, FLEET, MONITORING, SERVER

LABELS = {"managed-by": "flotilla", "environment": "production"}
POOLS: Mapping[str, Mapping[str, Any]] = {
    "app": {"type": "cx33", "count": 2, "roles": ["app", "ingress"], "location": "fsn1", "volumeGb": None},
    "data": {"type": "cx43", "count": 1, "roles": ["db"], "location": "fsn1", "volumeGb": 100},
    "vault": {"type": "cx23", "count": 1, "roles": ["backup", "monitoring"], "location": "hel1", "volumeGb": 200},
}
RETENTION = {"daily": 7, "weekly": 4, "monthly": 6}
OFFSITE = {"kind": "sftp", "location": "nbg1"}


def made(kind: str, called: str = "example", /, *, stack: str = "production", **props: Any) -> Resource:
    """
    A resource with these properties; `called` is its name in the program.
    """
    return Resource(type=kind, name=called, stack=stack, props=props)


def fleet(stack: str = "production", **changes: Any) -> Resource:
    """
    A Fleet in order, but for these properties.
    """
    declared = {
        "environment": stack,
        "stack": stack,
        "domain": "example.com",
        "zones": ["example.com"],
        "location": "fsn1",
        "budgetEur": 500,
        "compliance": {"dataRegion": "eu", "logRetentionDays": 365, "requiredLabels": ["managed-by", "environment"]},
        "waivers": [],
        "pools": POOLS,
        "backup": {"schedule": "30 2 * * *", "retention": RETENTION, "offsite": OFFSITE, "drillIntervalDays": 30},
        "monitoring": {"retentionDays": 90, "receivers": [{"name": "ops", "kind": "slack"}]},
        "tls": "acme",
        "ipv6": True,
    }
    return Resource(type=FLEET, name=stack, stack=stack, props={**declared, **changes})


def backup(name: str = "ledger", *, stack: str = "production", **changes: Any) -> Resource:
    """
    A project's Backup in order, but for these properties.
    """
    declared = {
        "project": name,
        "schedule": "30 2 * * *",
        "retention": RETENTION,
        "offsite": OFFSITE,
        "drillIntervalDays": 30,
        "covers": [f"database:{name}", f"volume:{name}-files"],
        "encrypted": True,
    }
    return Resource(type=BACKUP, name=name, stack=stack, props={**declared, **changes})


def monitoring(*, stack: str = "production", **changes: Any) -> Resource:
    """
    A Monitoring of one server and one site, but for these properties.
    """
    declared = {
        "servers": ["app-1"],
        "targets": ["https://example.com/"],
        "alerts": [],
        "receivers": ["ops"],
        "retentionDays": 90,
    }
    return Resource(type=MONITORING, name=stack, stack=stack, props={**declared, **changes})


def server(name: str = "app-1", *, stack: str = "production", **changes: Any) -> Resource:
    """
    A server in order, but for these properties.
    """
    declared = {"name": name, "serverType": "cx33", "location": "fsn1", "labels": LABELS, "placementGroupId": 7}
    return Resource(type=SERVER, name=f"{name}-server", stack=stack, props={**declared, **changes})
