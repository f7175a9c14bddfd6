"""
The record of processing that article 30 of the GDPR asks for, as far as settings know it; the rest is room for its owner. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ops.dossier.words import Language, Words
from settings import Project, Settings
from settings.care import Retention
from settings.process import Kind
from settings.processors import processors
from settings.project import DataKind
from settings.stacks import is_sandbox

SCHEMA = 1
TO_FILL_IN = Words(en="to be filled in", fr="à compléter")
# What only people know; the record names it, so that nobody takes it for complete.
OPEN = (
    Words(en="purposes", fr="finalités"),
    Words(en="groups of people", fr="catégories de personnes"),
    Words(en="kinds of data", fr="catégories de données"),
    Words(en="who else sees it", fr="autres destinataires"),
    Words(en="when it is deleted", fr="délais d'effacement"),
)
DATABASE = Words(en="database {name}", fr="base de données {name}")
VOLUME = Words(en="volume {name}", fr="volume {name}")
CONTAINER_LOGS = Words(en="logs of its containers", fr="journaux de ses conteneurs")
NONE = Words(en="none", fr="aucune")
KEPT = {
    "daily": Words(en="{count} daily", fr="{count} quotidiennes"),
    "weekly": Words(en="{count} weekly", fr="{count} hebdomadaires"),
    "monthly": Words(en="{count} monthly", fr="{count} mensuelles"),
}


def record(settings: Settings) -> dict[str, Any]:
    """
    One processing for each project that has personal data, or of which nobody has said.
    """
    environment, room = settings.environment, TO_FILL_IN.of(settings.language)
    return {
        "schema": SCHEMA,
        "environment": environment.name,
        "language": settings.language,
        "is_rehearsal": is_sandbox(settings.stack),
        "controller": room,
        "data_protection_officer": room,
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
        "open": [words.of(settings.language) for words in OPEN],
        "answers_at": [name for process in project.all_processes().values() for name in settings.hostnames(process)],
        "kept_in": _kept(project, settings.language),
        "backups_kept": _retention(settings, project),
        "logs_kept_days": environment.compliance.log_retention_days if environment.compliance else None,
        "secrets": sorted({name for process in project.all_processes().values() for name in process.secrets}),
    }


def _kept(project: Project, language: Language) -> list[str]:
    volumes = {volume.name for process in project.all_processes().values() for volume in process.volumes}
    database = [DATABASE.of(language).format(name=project.database.name)] if project.database else []
    logs = [CONTAINER_LOGS.of(language)] if any(row.kind is not Kind.JOB for row in project.all_processes().values()) else []
    return [*database, *(VOLUME.of(language).format(name=name) for name in sorted(volumes)), *logs]


def _retention(settings: Settings, project: Project) -> dict[str, int] | None:
    policy = settings.environment.backup
    own = project.backup.retention if project.backup else None
    found: Retention | None = own or (policy.retention if policy else None)
    has_data = project.database or any(process.volumes for process in project.all_processes().values())
    return dict(found.model_dump()) if found and has_data else None


def written(retention: Mapping[str, int] | None, language: Language) -> str:
    """
    How long backups are kept, in words.
    """
    if not retention:
        return NONE.of(language)
    return ", ".join(KEPT[name].of(language).format(count=count) for name, count in retention.items() if count)
