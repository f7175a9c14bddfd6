"""
The workflows that are shipped, with their steps in their order.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ops.confirm import Level
from ops.errors import SettingsError
from ops.steps import Context, Parallel, Sequential, Step
from ops.workflows import actions, diagnosing, page, releasing
from ops.workflows.work import Work, Workflow

Action = Callable[..., str]


def _step(
    work: Work, name: str, action: Action, *, is_blocking: bool = True, when: Callable[[Context], bool] | None = None
) -> Step:
    return Step(name=name, run=partial(action, work), is_blocking=is_blocking, when=when)


def _daily(work: Work) -> Sequential:
    """
    Audit; a problem becomes an incident with its runbooks, otherwise monitoring is asked; then the report.
    """
    bad, fine = actions.has_problem, actions.is_fine
    return Sequential(
        steps=(
            _step(work, "audit", actions.audit, is_blocking=False),
            _step(work, "incident", diagnosing.start_incident, is_blocking=False, when=bad),
            _step(
                work,
                "resolution by diagnosis",
                diagnosing.resolution,
                is_blocking=False,
                when=lambda context: "incident" in context.facts,
            ),
            _step(work, "monitoring", actions.monitoring, is_blocking=False, when=fine),
            _step(work, "report", partial(page.write, name="daily")),
        )
    )


def _weekly(work: Work) -> Sequential:
    """
    Backup, cleanup and inventory at once; then the audit, and the overall report.
    """
    at_once = (
        _step(work, "full backup", actions.full_backup, is_blocking=False),
        _step(work, "cleanup (looking)", actions.look_for_cleanup, is_blocking=False),
        _step(work, "inventory", actions.inventory, is_blocking=False),
    )
    return Sequential(
        steps=(
            Parallel(steps=at_once),
            _step(work, "audit", actions.verdict, is_blocking=False),
            _step(work, "the week before", actions.week, is_blocking=False),
            _step(work, "overall report", partial(page.write, name="weekly")),
        )
    )


def _incident(work: Work) -> Sequential:
    """
    One look at everything, then what it says, in order; monitoring says whether it is over.
    """
    return Sequential(
        steps=(
            _step(work, "diagnosis", diagnosing.start_incident),
            _step(work, "logs", diagnosing.read_logs, is_blocking=False),
            _step(work, "containers' state", diagnosing.read_states, is_blocking=False),
            _step(work, "connectivity", diagnosing.read_connections, is_blocking=False),
            _step(work, "resolution by diagnosis", diagnosing.resolution, is_blocking=False),
            _step(work, "monitoring", actions.monitoring, is_blocking=False),
            _step(work, "post-mortem", page.post_mortem, is_blocking=False),
        )
    )


def _release(work: Work) -> Sequential:
    """
    What is served and not well is taken back.
    """
    return Sequential(
        steps=(
            Step(name="deployment", run=partial(releasing.deploy, work), undo=partial(releasing.rollback, work)),
            _step(work, "monitoring", releasing.watch),
        )
    )


def _new_project(work: Work) -> Sequential:
    """
    Prerequisites before anything is served; afterwards whether it is watched, backed up and written down.
    """
    return Sequential(
        steps=(
            _step(work, "audit", actions.audit, is_blocking=False),
            _step(work, "security", releasing.security),
            _step(work, "docker", releasing.room),
            _step(work, "network", releasing.way_in),
            _step(work, "deployment", releasing.deploy),
            _step(work, "monitoring", releasing.watch, is_blocking=False),
            _step(work, "backups", releasing.backups, is_blocking=False),
            _step(work, "documentation", actions.inventory, is_blocking=False),
        )
    )


WORKFLOWS = {
    found.name: found
    for found in (
        Workflow(name="new-project", title="Serve a new project", build=_new_project, needs_project=True, needs_image=True),
        Workflow(name="incident", title="Look into an incident", build=_incident, level=Level.INFO),
        Workflow(name="weekly-maintenance", title="Weekly maintenance", build=_weekly),
        Workflow(name="daily-check", title="Daily check", build=_daily),
        Workflow(
            name="release",
            title="Release, and go back where it is not well",
            build=_release,
            needs_project=True,
            needs_image=True,
        ),
    )
}


def find(name: str) -> Workflow:
    """
    Raises: SettingsError where there is no such workflow.
    """
    if name not in WORKFLOWS:
        raise SettingsError(f"{name}: there is no such workflow. Nothing was done. There are: {', '.join(WORKFLOWS)}.")
    return WORKFLOWS[name]
