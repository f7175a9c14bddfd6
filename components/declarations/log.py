"""
The alert rules of the databases' write-ahead log: the backup server has it, up to some minutes ago, and can go on fetching it.

All of it is asked of the database servers: they know how far the slot has come also where the backup server does not answer.
"""

from __future__ import annotations

from collections.abc import Sequence

from components.declarations import backup, db
from components.declarations.alert import Alert, critical, warning
from settings import Settings

# As hosts/backup/receivewal.py calls it.
SLOT = "flotilla_backup"
# PostgreSQL's segments. One is handed on every minute (`archive_timeout`) where anything was written: two are two minutes.
SEGMENT_BYTES = 16 * 1024 * 1024
BEHIND_BYTES = 2 * SEGMENT_BYTES
# Of what may be kept for the slot (`max_slot_wal_keep_size`): past all of it the slot is lost.
KEPT_SHARE = 0.5


def rules(settings: Settings) -> tuple[Alert, ...]:
    """
    Those of the environment; none where no database is backed up.
    """
    covered = [name for policy in backup.policies(settings) for name in policy.covers if name.startswith("database:")]
    home = db.home(settings)
    return of_servers([home]) if covered and home else ()


def of_servers(servers: Sequence[str]) -> tuple[Alert, ...]:
    """
    Of these database servers. The slot of a log that is fetched is at 0 bytes, also where nothing is written; a lost one is at
    no number, and one that is gone is not there.
    """
    chosen = f'server=~"{"|".join(servers)}"'
    slot = f'{{slot_name="{SLOT}",{chosen}}}'
    unfetched = f"pg_replication_slots_pg_wal_lsn_diff{slot}"
    most = f"pg_settings_max_slot_wal_keep_size_bytes{{{chosen}}}"
    return (
        critical(
            name="LogNotFetched",
            expression=f"max by (server) (pg_replication_slots_active{slot}) == 0"
            f" or max by (server) ({unfetched}) > {BEHIND_BYTES}",
            # With asking and looking at the rules, less than the five minutes that a lost server may cost.
            hold="3m",
            summary="the backup server does not fetch the log of {{ $labels.server }}: what is written now can be lost",
            runbook="log-not-fetched",
        ),
        warning(
            name="LogKept",
            expression=f"max by (server) ({unfetched}) / max by (server) ({most} > 0) > {KEPT_SHARE}",
            hold="5m",
            summary="{{ $labels.server }} keeps half of the log that it may keep for the backup server",
            runbook="log-not-fetched",
        ),
        critical(
            name="SlotLost",
            expression=f"max by (server) (pg_up{{{chosen}}}) == 1 unless max by (server) ({unfetched}) >= 0",
            hold="5m",
            summary="{{ $labels.server }} keeps no log for the backup server: since then there is a gap in its backups",
            runbook="slot-lost",
        ),
    )
