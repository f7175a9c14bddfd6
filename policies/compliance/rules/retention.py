"""
How backups are kept: how often they are made, for how long they last, and whether a restore is tried.
"""

from __future__ import annotations

from collections.abc import Iterator

from policies.framework import UNKNOWN, Fixtures, Level, Option, Options, Resource, Rule, get, is_sandbox, number, text
from policies.framework.kinds import BACKUP
from settings.gaps import longest_gap_s

from .declared import PRODUCTION, counts
from .examples import RETENTION, backup
from .references import (
    BACKUP_COPIES,
    BACKUPS,
    CONTINUITY,
    DELETION,
    RESTORE,
    STORAGE_LIMITATION,
    TESTING,
)

RETENTION_KEYS = ("daily", "weekly", "monthly")
# What the longest of each kind of backup reaches back at most.
DAYS_OF = {"daily": 1, "weekly": 7, "monthly": 31}
POLICY = "Set it in `backup` in Pulumi.<stack>.yaml, or in the project's own `backup`."


def _minimum(found: Resource, options: Options) -> Iterator[str]:
    if not counts(found.stack, options) or get(found.props, "retention") is UNKNOWN:
        return
    for key in RETENTION_KEYS:
        if get(found.props, f"retention.{key}") is UNKNOWN:
            continue
        kept = number(found.props, f"retention.{key}") or 0
        if kept < options[key]:
            yield f"it keeps {kept:g} {key} backups, at least {options[key]:g} are asked for"


def _maximum(found: Resource, options: Options) -> Iterator[str]:
    for key in RETENTION_KEYS:
        reach = (number(found.props, f"retention.{key}") or 0) * DAYS_OF[key]
        if reach > options["days"]:
            yield f"its {key} backups reach {reach:g} days back, at most {options['days']:g} are allowed for personal data"


def _frequency(found: Resource, options: Options) -> Iterator[str]:
    if is_sandbox(found.stack) or get(found.props, "schedule") is UNKNOWN:
        return
    try:
        hours = longest_gap_s(text(found.props, "schedule")) / 3600
    except ValueError:
        yield "nothing says when it is made"
        return
    if hours > options["hours"]:
        yield f"up to {hours:g} hours pass between two backups, at most {options['hours']:g} are allowed"


def _drill(found: Resource, options: Options) -> Iterator[str]:
    if is_sandbox(found.stack) or get(found.props, "drillIntervalDays") is UNKNOWN:
        return
    days = number(found.props, "drillIntervalDays")
    if not days:
        yield "a restore is never tried"
    elif days > options["days"]:
        yield f"a restore is tried every {days:g} days, at least every {options['days']:g} is asked for"


RULES: tuple[Rule, ...] = (
    Rule(
        id="backup-retention-minimum",
        description="Backups of production are kept long enough to find out about damage.",
        level=Level.MANDATORY,
        types=(BACKUP,),
        remediation=POLICY,
        references=(RESTORE, BACKUPS, BACKUP_COPIES),
        options={
            "daily": Option(7, "Daily backups at least."),
            "weekly": Option(4, "Weekly backups at least."),
            "monthly": Option(3, "Monthly backups at least."),
            **PRODUCTION,
        },
        check=_minimum,
        fixtures=Fixtures(
            passes=[backup(), backup(stack="staging", retention={"daily": 2}), backup(stack="local", retention=None)],
            fails=[backup(retention={**RETENTION, "daily": 3}), backup(retention={**RETENTION, "monthly": 0})],
            unknown=[backup(retention=UNKNOWN), backup(retention={**RETENTION, "weekly": UNKNOWN})],
            absent=[backup(retention=None), backup(retention={"daily": 7, "weekly": 4})],
            absent_fails=True,
        ),
    ),
    Rule(
        id="backup-retention-maximum",
        description="Personal data does not live on in backups for longer than the purpose needs.",
        level=Level.MANDATORY,
        types=(BACKUP,),
        remediation=POLICY,
        references=(STORAGE_LIMITATION, DELETION),
        options={"days": Option(400, "How far back a backup may reach, in days.")},
        check=_maximum,
        fixtures=Fixtures(
            passes=[backup()],
            fails=[backup(retention={**RETENTION, "monthly": 60}), backup(retention={**RETENTION, "daily": 1000})],
            unknown=[backup(retention=UNKNOWN), backup(retention={**RETENTION, "monthly": UNKNOWN})],
            absent=[backup(retention=None)],
            absent_fails=False,
        ),
    ),
    Rule(
        id="backup-frequency",
        description="No more than a day of data can be lost.",
        level=Level.MANDATORY,
        types=(BACKUP,),
        remediation=POLICY,
        references=(RESTORE, BACKUPS),
        options={"hours": Option(24, "The longest time between two backups.")},
        check=_frequency,
        fixtures=Fixtures(
            passes=[backup(), backup(schedule="0 */6 * * *"), backup(stack="local", schedule="0 3 * * 0")],
            fails=[backup(schedule="0 3 * * 0"), backup(schedule="0 3 * * MON-FRI"), backup(schedule="sometimes")],
            unknown=[backup(schedule=UNKNOWN)],
            absent=[backup(schedule=None)],
            absent_fails=True,
        ),
    ),
    Rule(
        id="backup-drill",
        description="A restore is tried regularly: a backup that was never restored is a hope.",
        level=Level.MANDATORY,
        types=(BACKUP,),
        remediation="Lower `backup.drill_interval_days` in Pulumi.<stack>.yaml.",
        references=(TESTING, BACKUPS, CONTINUITY),
        options={"days": Option(31, "The longest time between two restores.")},
        check=_drill,
        fixtures=Fixtures(
            passes=[backup(), backup(drillIntervalDays=7), backup(stack="local", drillIntervalDays=None)],
            fails=[backup(drillIntervalDays=90), backup(drillIntervalDays=0)],
            unknown=[backup(drillIntervalDays=UNKNOWN)],
            absent=[backup(drillIntervalDays=None)],
            absent_fails=True,
        ),
    ),
)
