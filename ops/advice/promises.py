"""
Backups and promises: how much may be lost, whether restoring is tried, and what users are promised.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from ops.advice.proposal import Area, Proposal, Situation
from ops.advice.shape import DAILY
from settings import Kind, Project, Role
from settings.gaps import longest_gap_s

DAY_S = 86_400
DRILL_DAYS = 7
DAILY_COPIES = 7
# Without a second server, a restart and a bad release in a month are what this leaves room for: 3.6 hours.
ALONE_PERCENT, TOGETHER_PERCENT = 99.5, 99.9
LATENCY_MS, LATENCY_STEP_MS, LATENCY_ROOM = 500, 100, 2.0


def propose(situation: Situation) -> Iterator[Proposal]:
    """
    For production: others may lose data, and promise nothing.
    """
    if situation.is_production:
        yield from _schedules(situation)
        yield from _drills(situation)
        yield from _copies(situation)
        yield from _promises(situation)
        yield from _too_much(situation)


def _schedules(situation: Situation) -> Iterator[Proposal]:
    policy = situation.settings.environment.backup
    if policy and longest_gap_s(policy.schedule) > DAY_S:
        yield _backup(
            situation,
            "daily-backups",
            ("schedule",),
            (policy.schedule, DAILY),
            f"there may be {longest_gap_s(policy.schedule) / 3600:.0f} hours between backups: what volumes got since is lost",
            "no more than a day of a volume's files is lost; databases lose seconds either way",
        )


def _drills(situation: Situation) -> Iterator[Proposal]:
    policy = situation.settings.environment.backup
    if policy and policy.drill_interval_days > DRILL_DAYS:
        yield _backup(
            situation,
            "weekly-drills",
            ("drill_interval_days",),
            (policy.drill_interval_days, DRILL_DAYS),
            f"a backup that cannot be restored is found after {policy.drill_interval_days} days",
            "it is found within a week, while older ones are still kept",
        )


def _copies(situation: Situation) -> Iterator[Proposal]:
    policy = situation.settings.environment.backup
    if policy and policy.retention.daily < DAILY_COPIES:
        yield _backup(
            situation,
            "week-of-backups",
            ("retention", "daily"),
            (policy.retention.daily, DAILY_COPIES),
            f"{policy.retention.daily} days are kept: what somebody notices later cannot be brought back as it was that day",
            "each day of the last week can be brought back",
        )


def _backup(
    situation: Situation, identity: str, path: tuple[str, ...], values: tuple[object, object], reason: str, effect: str
) -> Proposal:
    return Proposal(
        id=identity,
        area=Area.BACKUP,
        project="",
        changes=(situation.stack_change("backup", *path, old=values[0], new=values[1]),),
        reason=reason,
        effect=effect,
        risk="the backup server has more to do, and its disk more to hold",
    )


def _promises(situation: Situation) -> Iterator[Proposal]:
    """
    A project without one: what its shape can hold, and what was seen of its answers.
    """
    for name, project in sorted(situation.settings.projects.items()):
        processes = project.all_processes().values()
        if project.slo or not any(process.kind in (Kind.WEB, Kind.STATIC) for process in processes):
            continue
        latency, when = _latency(situation, name)
        promise = {"availability_percent": _holds(situation, project), "latency_ms": latency}
        yield Proposal(
            id="promise",
            area=Area.PROMISE,
            project=name,
            changes=(situation.project_change(project, "", "slo", old=None, new=promise),),
            reason=f"{name} promises nothing, so that no alert has anything to go by",
            effect="alerts tell when requests fail, or are slow, beyond it",
            risk="a promise to users is theirs to agree on: look at it with the owner",
            based_on=when,
        )


def _holds(situation: Situation, project: Project) -> float:
    environment = situation.settings.environment
    answering = [row for row in project.all_processes().values() if row.kind in (Kind.WEB, Kind.STATIC)]
    is_together = environment.count(Role.INGRESS) > 1 and all(row.replicas > 1 for row in answering)
    return TOGETHER_PERCENT if is_together else ALONE_PERCENT


def _latency(situation: Situation, project: str) -> tuple[int, str]:
    """
    Twice the slowest answer that was seen, and when; a common figure where none was.
    """
    report = situation.reports.get("global", {})
    rows = ((report.get("measures") or {}).get("responses")) or []
    seen = [row["seconds"] for row in rows if row["project"] == project and row["seconds"] is not None]
    if not seen:
        return LATENCY_MS, ""
    wanted = math.ceil(max(seen) * 1000 * LATENCY_ROOM / LATENCY_STEP_MS) * LATENCY_STEP_MS
    return min(max(wanted, LATENCY_STEP_MS), 60_000), str(report.get("timestamp", ""))


def _too_much(situation: Situation) -> Iterator[Proposal]:
    """
    A promise that one server cannot hold.
    """
    if situation.settings.environment.count(Role.INGRESS) > 1:
        return
    for name, project in sorted(situation.settings.projects.items()):
        if project.slo and project.slo.availability_percent > ALONE_PERCENT:
            old = project.slo.availability_percent
            minutes = 30 * 24 * 60 * (100 - old) / 100
            path = ("slo", "availability_percent")
            yield Proposal(
                id="promise-less",
                area=Area.PROMISE,
                project=name,
                changes=(situation.project_change(project, "", *path, old=old, new=ALONE_PERCENT),),
                reason=f"{old:g} % leaves {minutes:.0f} minutes in 30 days, and one server is the only way in",
                effect="alerts come when what was promised is in danger; or take `second-ingress` and keep the promise",
                risk="a promise to users is theirs to agree on: look at it with the owner",
            )
