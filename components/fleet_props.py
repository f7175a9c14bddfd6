"""
The environment as policies judge it: what the component `Fleet` says of itself.
"""

from __future__ import annotations

from typing import Any

from settings import Project, Settings
from settings.care import Approval, BackupPolicy, Compliance, Monitoring, Waiver
from settings.environment import ServerPool
from settings.processors import Processor, processors


def describe(settings: Settings) -> dict[str, Any]:
    """
    Plain values only, in Pulumi's spelling of names.
    """
    environment = settings.environment
    return {
        "environment": environment.name,
        "stack": settings.stack,
        "domain": environment.domain,
        "zones": list(environment.all_zones),
        "location": environment.location,
        "budgetEur": environment.budget_eur,
        "compliance": _compliance(environment.compliance) if environment.compliance else None,
        "waivers": [_waiver(waiver) for waiver in environment.waivers],
        "approvals": [_approval(approval) for approval in environment.approvals],
        "processors": [_processor(found) for found in processors(environment, settings.projects)],
        "pools": {name: _pool(pool, environment.location) for name, pool in sorted(environment.servers.items())},
        "backup": _backup(environment.backup) if environment.backup else None,
        "monitoring": _monitoring(environment.monitoring) if environment.monitoring else None,
        "tls": "acme" if environment.ingress.tls.acme else "authority",
        "acmeDirectory": environment.ingress.tls.acme.directory if environment.ingress.tls.acme else None,
        "registry": environment.registry,
        "ipv6": environment.network.ipv6,
        "projects": {name: _project(project) for name, project in sorted(settings.projects.items())},
    }


def _pool(pool: ServerPool, location: str) -> dict[str, Any]:
    return {
        "type": pool.type,
        "count": pool.count,
        "roles": [role.value for role in pool.roles],
        "location": pool.location or location,
        "volumeGb": pool.volume_gb,
    }


def _project(project: Project) -> dict[str, Any]:
    slo = project.slo
    promise = {"availabilityPercent": slo.availability_percent, "latencyMs": slo.latency_ms} if slo else None
    return {"owner": project.owner, "slo": promise, "data": project.data.value if project.data else None}


def _compliance(compliance: Compliance) -> dict[str, Any]:
    return {
        "dataRegion": compliance.data_region.value,
        "logRetentionDays": compliance.log_retention_days,
        "requiredLabels": list(compliance.required_labels),
    }


def _waiver(waiver: Waiver) -> dict[str, Any]:
    return {
        "rule": waiver.rule,
        "resource": waiver.resource,
        "reason": waiver.reason,
        "owner": waiver.owner,
        "until": waiver.until.isoformat(),
    }


def _approval(approval: Approval) -> dict[str, Any]:
    return {"what": approval.what, "by": approval.by, "date": approval.date.isoformat(), "reason": approval.reason}


def _processor(found: Processor) -> dict[str, Any]:
    return {"name": found.name, "what": found.what, "location": found.location, "isGiven": found.is_given}


def _backup(policy: BackupPolicy) -> dict[str, Any]:
    offsite = policy.offsite
    return {
        "schedule": policy.schedule,
        "retention": policy.retention.model_dump(),
        "offsite": {"kind": offsite.kind.value, "location": offsite.location} if offsite else None,
        "drillIntervalDays": policy.drill_interval_days,
    }


def _monitoring(monitoring: Monitoring) -> dict[str, Any]:
    return {
        "retentionDays": monitoring.retention_days,
        "receivers": [{"name": receiver.name, "kind": receiver.kind.value} for receiver in monitoring.receivers],
    }
