"""
Reading what proposals are made from, and trying them. Asks no server anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ops.advice.advise import document, propose, tried
from ops.advice.proposal import Situation
from ops.advice.trial import attempt
from ops.compliance.collect import documents, newest
from ops.compliance.evidence import REPORT_AGE, moment
from ops.costs.refresh import read
from ops.errors import SettingsError
from ops.verdict.catalog import CHECKS
from settings import load, read_stack_config
from settings.prices import FILE


def collect(checkout: Path, stack: str, now: datetime, project: str | None = None) -> dict[str, Any]:
    """
    Every proposal about a stack, or about one project in it.

    Raises: SettingsError
    """
    settings = load(stack, checkout, read_stack_config(checkout, stack))
    if project is not None and project not in settings.projects:
        there = ", ".join(sorted(settings.projects)) or "none"
        raise SettingsError(f"--project: {project} does not live in {stack}. Nothing was looked at. There are: {there}.")
    environment = settings.environment.name
    found = newest(environment, documents(checkout, environment, now, CHECKS))
    situation = Situation(settings=settings, prices=read(FILE), reports=young(found, now))
    return document(situation, tried(situation, propose(situation), lambda changes: attempt(checkout, stack, changes)), project)


def young(reports: Mapping[str, Mapping[str, Any]], now: datetime) -> dict[str, Mapping[str, Any]]:
    """
    Those that are young enough to say something about today: pure.
    """
    dated = {name: moment(report.get("timestamp")) for name, report in reports.items()}
    return {name: reports[name] for name, when in dated.items() if when is not None and now - when <= REPORT_AGE}
