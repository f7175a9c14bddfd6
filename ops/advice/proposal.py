"""
What a proposal is, and what proposals are made from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from settings import Process, Project, Settings
from settings.prices import PriceList

# Where the environment is in its stack's file, as errors show it.
ENVIRONMENT = "flotilla:environment"


class Area(StrEnum):
    """
    What a proposal is about.
    """

    RELEASE = "release"
    SHAPE = "shape"
    SCALING = "scaling"
    BACKUP = "backup"
    PROMISE = "promise"


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    One setting: its file in the checkout, its place in there, and its values as YAML has them. `old` None: it is not written,
    or has no value.
    """

    file: str
    path: tuple[str, ...]
    old: Any
    new: Any

    @property
    def written(self) -> str:
        """
        The place as errors show it.
        """
        return ".".join(self.path)


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """
    `id` is the kind of proposal and never changes; `project` is empty for the environment. `reason` says what is so, `effect`
    what becomes of it, `risk` what may go wrong. `based_on` is the time of the report that it needs; empty for settings alone.
    """

    id: str
    area: Area
    project: str
    changes: tuple[Change, ...]
    reason: str
    effect: str
    risk: str
    based_on: str = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """
    What could be better, and needs something that only people know: the setting, and what it would give.
    """

    id: str
    project: str
    path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Situation:
    """
    `reports` are the newest of this environment by check, as long as they are young enough to say something.
    """

    settings: Settings
    prices: PriceList
    reports: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def is_production(self) -> bool:
        """
        Whether people depend on it, as policies have it.
        """
        return self.settings.stack == "production"

    def check(self, name: str) -> Mapping[str, Any]:
        """
        What the newest report says of a check; empty where there is none.
        """
        return dict((self.reports.get(name, {}).get("checks") or {}).get(name) or {})

    def when(self, name: str) -> str:
        """
        The time of that report.
        """
        return str(self.reports.get(name, {}).get("timestamp", ""))

    def stack_change(self, *path: str, old: Any, new: Any) -> Change:
        """
        A change of the environment.
        """
        return Change(file=f"Pulumi.{self.settings.stack}.yaml", path=(ENVIRONMENT, *path), old=old, new=new)

    def project_change(self, project: Project, process: str, *path: str, old: Any, new: Any) -> Change:
        """
        A change of a project, or of one of its further processes: for this environment only, where the file has a place for
        that.
        """
        inner = ("processes", process, *path) if process in project.processes else path
        listed = project.environments is not None
        place = ("environments", self.settings.stack, *inner) if listed else inner
        return Change(file=f"projects/{project.name}.yaml", path=place, old=old, new=new)

    def running(self) -> list[tuple[Project, str, Process]]:
        """
        Everything that runs all the time: (project, process' name, process).
        """
        return [
            (project, name, process)
            for _, project in sorted(self.settings.projects.items())
            for name, process in project.all_processes().items()
            if process.kind.value != "job"
        ]
