"""
The record of processing that article 30 of the GDPR asks for, as far as settings know it; the rest is room for its owner. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from settings import Project, Settings
from settings.care import Retention
from settings.process import Kind
from settings.processors import processors
from settings.project import DataKind
from settings.stacks import is_sandbox

SCHEMA = 1
TO_FILL_IN = "to be filled in"
# What only people know; the record names it, so that nobody takes it for complete.
OPEN = ("purposes", "groups of people", "kinds of data", "who else sees it", "when it is deleted")


def record(settings: Settings) -> dict[str, Any]:
    """
    One processing for each project that has personal data, or of which nobody has said.
    """
    environment = settings.environment
    return {
        "schema": SCHEMA,
        "environment": environment.name,
        "is_rehearsal": is_sandbox(settings.stack),
        "controller": TO_FILL_IN,
        "data_protection_officer": TO_FILL_IN,
        "region": environment.compliance.data_region.value if environment.compliance else None,
        "processors": [vars(found) for found in processors(environment, settings.projects)],
        "processings": [
            _processing(settings, project)
            for _, project in sorted(settings.projects.items())
            if project.data is not DataKind.NONE
        ],
        "without_personal_data": sorted(name for name, project in settings.projects.items() if project.data is DataKind.NONE),
    }


def _processing(settings: Settings, project: Project) -> dict[str, Any]:
    environment = settings.environment
    approval = next((row for row in environment.approvals if row.what == f"personal-data:{project.name}"), None)
    return {
        "project": project.name,
        "owner": project.owner,
        "classified": project.data is not None,
        "approved": f"{approval.by}, {approval.date}: {approval.reason}" if approval else None,
        "open": list(OPEN),
        "answers_at": [name for process in project.all_processes().values() for name in settings.hostnames(process)],
        "kept_in": _kept(project),
        "backups_kept": _retention(settings, project),
        "logs_kept_days": environment.compliance.log_retention_days if environment.compliance else None,
        "secrets": sorted({name for process in project.all_processes().values() for name in process.secrets}),
    }


def _kept(project: Project) -> list[str]:
    volumes = {volume.name for process in project.all_processes().values() for volume in process.volumes}
    database = [f"database {project.database.name}"] if project.database else []
    logs = ["logs of its containers"] if any(row.kind is not Kind.JOB for row in project.all_processes().values()) else []
    return [*database, *(f"volume {name}" for name in sorted(volumes)), *logs]


def _retention(settings: Settings, project: Project) -> dict[str, int] | None:
    policy = settings.environment.backup
    own = project.backup.retention if project.backup else None
    found: Retention | None = own or (policy.retention if policy else None)
    has_data = project.database or any(process.volumes for process in project.all_processes().values())
    return dict(found.model_dump()) if found and has_data else None


def written(retention: Mapping[str, int] | None) -> str:
    """
    How long backups are kept, in words.
    """
    if not retention:
        return "none"
    return ", ".join(f"{count} {name}" for name, count in retention.items() if count)
