"""
Which backups stay: pure.

pgBackRest itself counts full backups, or days; a policy here is "the last of each of so many days, weeks and months", as restic
has it, so it is decided here, and pgBackRest is told which ones go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from hosts.backup.pgbackrest import Backup

FULL_EVERY_S = 7 * 86_400 - 3600
# The log is kept whole since so many full backups, see hosts/roles/backup.py.
LOG_OF_FULL_BACKUPS = 2
_PERIODS: Mapping[str, Callable[[datetime], object]] = {
    "daily": lambda at: at.date(),
    "weekly": lambda at: at.isocalendar()[:2],
    "monthly": lambda at: (at.year, at.month),
}


def joint(policies: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """
    What keeps enough for each of several policies.
    """
    found = list(policies)
    return {name: max((policy[name] for policy in found), default=0) for name in _PERIODS}


def expired(backups: Sequence[Backup], retention: Mapping[str, int]) -> list[str]:
    """
    The labels of the backups that nobody keeps, and that none that is kept cannot do without; those that others hang on last.
    What was taken since the last but one full backup stays in any case: so far back, any moment can be restored.
    """
    newest_first = sorted(backups, key=lambda backup: backup.stopped, reverse=True)
    full = [backup.stopped for backup in newest_first if backup.kind == "full"][:LOG_OF_FULL_BACKUPS]
    kept = {backup.label for backup in newest_first if not full or backup.stopped >= full[-1]}
    for name, period in _PERIODS.items():
        last: dict[object, str] = {}
        for backup in newest_first:
            last.setdefault(period(datetime.fromtimestamp(backup.stopped, UTC)), backup.label)
        kept |= set(list(last.values())[: retention[name]])
    needed = {label for backup in backups if backup.label in kept for label in backup.reference}
    gone = [backup for backup in newest_first if backup.label not in kept | needed]
    return [backup.label for backup in gone]


def kind_due(backups: Sequence[Backup], system_id: int | None, now: float) -> str:
    """
    `full` where there is none of this cluster, or once a week; else `diff`: what changed since the last full one.
    """
    full = [backup.started for backup in backups if backup.kind == "full" and backup.system_id == system_id]
    return "diff" if full and now - max(full) < FULL_EVERY_S else "full"
