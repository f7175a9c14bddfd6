"""
What Flotilla adds to a backup and to a restore, against the tool alone: on two machines with a database of some size.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measure import Figure
from tests.integration import backup_damage, backup_stand
from tests.integration.backup_stand import DATA, DATABASE, Stand, eventually

BACKUP_BAR, RESTORE_BAR = 1.15, 1.3
RUNS = 5
# Large enough for what is done once not to count, and small enough for what is written to stay in memory.
ROWS = 5_000_000
ACCOUNTS_SCALE = 170
ARCHIVED_WITHIN_S = 900
DAMAGED_ROWS = 20_000
KEEPER = ("runuser", "-u", "flotilla-backup", "--")
CONFIGURATION = "/etc/flotilla/backup"
RAW = "/mnt/data/raw"
# Entries of an application with some lines of text each: 470 bytes a row.
ENTRIES = """\
INSERT INTO entries (body, amount, more)
SELECT (SELECT string_agg(md5((n * 12 + m)::text), ' ') FROM generate_series(1, 12) m), n / 7.0, jsonb_build_object('n', n)
FROM generate_series(1, {rows}) n"""
# As many again, twice, of text that has not been there: faster than to make it anew.
MORE_ENTRIES = "INSERT INTO entries (body, amount, more) SELECT {other}, amount, more FROM entries WHERE id <= {rows}"
OTHERS = ("reverse(body)", "translate(body, '0123456789', '5678901234')")
# Segments of the log that are not in the archive yet.
RECEIVED = f"find /mnt/data/backups/wal/{DATA} -type f ! -name '*.partial'"
POSTGRES = "/usr/lib/postgresql/15/bin"
# A restore as one does it by hand: files, the log by pgBackRest itself, until the cluster takes connections.
RESTORE = f"""
mkdir -m 700 {RAW}/data
pgbackrest --config={CONFIGURATION}/pgbackrest-local.conf --stanza={DATA} --pg1-path={RAW}/data --process-max=2 \\
  --archive-mode=off restore
touch {RAW}/data/postgresql.conf; cd {RAW}; printf 'local all all trust\\n' > hba
{POSTGRES}/pg_ctl -D {RAW}/data -w -t 3600 -l {RAW}/log -o "-c listen_addresses= -c unix_socket_directories={RAW} \\
  -c hba_file={RAW}/hba -c fsync=off -c shared_buffers=128MB -c shared_preload_libraries= -c max_connections=50" \\
  start > /dev/null
until [ "$(psql -XAtq -h {RAW} -U postgres -c 'SELECT pg_is_in_recovery()')" = f ]; do sleep 0.1; done
{POSTGRES}/pg_ctl -D {RAW}/data -m immediate stop > /dev/null
rm -rf {RAW}/*
"""


def backup_ratio() -> Figure:
    """
    `flotilla-backup run` with its manifest, retention and status, against `pgbackrest backup`: full backups, in pairs.
    """
    return Figure(name="backup_ratio", value=_backup(_entries), bar=BACKUP_BAR, **_against("pgbackrest backup"))


def backup_narrow_ratio() -> Figure:
    """
    The same with rows of 130 bytes that compress to next to nothing: all rows are counted, and hardly a byte is kept.
    """
    return Figure(name="backup_narrow_ratio", value=_backup(_accounts), bar=None, **_against("the same, tables of pgbench"))


def restore_ratio() -> Figure:
    """
    `flotilla-backup verify`, comparison and record included, against a restore by hand, in pairs: 7.5 GB.
    """
    return Figure(
        name="restore_ratio", value=_restore(_many_entries), bar=RESTORE_BAR, **_against("pgbackrest restore, 7.5 GB")
    )


def restore_small_ratio() -> Figure:
    """
    The same with 2.5 GB: what is done once counts for more.
    """
    return Figure(name="restore_small_ratio", value=_restore(_entries), bar=None, **_against("pgbackrest restore, 2.5 GB"))


def restore_narrow_ratio() -> Figure:
    """
    The same with rows of 130 bytes.
    """
    return Figure(name="restore_narrow_ratio", value=_restore(_accounts), bar=None, **_against("the same, tables of pgbench"))


def _against(what: str) -> dict[str, Any]:
    return {"unit": "x", "compared_with": what, "runs": RUNS}


def _entries(stand: Stand) -> None:
    stand.sql(ENTRIES.format(rows=ROWS))


def _many_entries(stand: Stand) -> None:
    _entries(stand)
    for other in OTHERS:
        stand.sql(MORE_ENTRIES.format(other=other, rows=ROWS))


def _accounts(stand: Stand) -> None:
    argv = (f"{POSTGRES}/pgbench", "--initialize", "--quiet", f"--scale={ACCOUNTS_SCALE}", DATABASE)
    stand.data.run("runuser", "-u", "postgres", "--", *argv)


def _backup(fill: Callable[[Stand], None]) -> float:
    with _stand(fill) as stand:
        argv = (*KEEPER, "pgbackrest", f"--config={CONFIGURATION}/pgbackrest.conf", f"--stanza={DATA}", "--type=full", "backup")
        own = _timed(stand, lambda: stand.backup("run", "--full", "--project", DATABASE))
        return _paired(own, _timed(stand, lambda: stand.ops.run(*argv)))


def _restore(fill: Callable[[Stand], None]) -> float:
    with _stand(fill) as stand:
        stand.ops.sh(f"install -d -m 700 -o flotilla-backup {RAW}; chmod 711 /mnt/data")
        own = _timed(stand, lambda: stand.backup("verify", "--project", DATABASE))
        return _paired(own, _timed(stand, lambda: stand.ops.run(*KEEPER, "sh", "-ec", RESTORE)))


def damage_missed() -> Figure:
    """
    How many damages of tests/integration/backup_damage.py were done to backups and not found out.
    """
    missed = 0
    with _stand(lambda stand: stand.sql(ENTRIES.format(rows=DAMAGED_ROWS))) as stand:
        backup_damage.keep(stand)
        for damage in backup_damage.DAMAGES:
            try:
                backup_damage.is_caught(stand, damage)
            except AssertionError as error:
                missed += 1
                sys.stderr.write(f"{damage.name}: {error}\n")
    done = f"{len(backup_damage.DAMAGES)} damages"
    return Figure(name="damage_missed", value=missed, unit="", bar=0, compared_with=done, runs=1)


@contextmanager
def _stand(fill: Callable[[Stand], None]) -> Iterator[Stand]:
    with tempfile.TemporaryDirectory(prefix="flotilla-bench-") as folder, backup_stand.started(Path(folder)) as stand:
        stand.converge()
        stand.await_fetching()
        stand.fill(1)
        stand.backup("run")
        fill(stand)
        stand.sql("VACUUM (FREEZE, ANALYZE)")  # or it would be done by itself, in the midst of what is measured
        eventually(lambda: not stand.ops.sh(RECEIVED), ARCHIVED_WITHIN_S)
        stand.backup("run", "--full")
        yield stand


def _timed(stand: Stand, act: Callable[[], object]) -> Callable[[], float]:
    """
    What was written before is on the disk first: nobody waits for the other one's.
    """

    def run() -> float:
        stand.ops.run("sync")
        started = time.monotonic()
        act()
        return time.monotonic() - started

    return run


def _paired(own: Callable[[], float], raw: Callable[[], float]) -> float:
    """
    The median of pairs, each way round in turn: what runs second finds more in the caches.
    """
    ratios = []
    for number in range(RUNS):
        if number % 2:
            reference, value = raw(), own()
        else:
            value, reference = own(), raw()
        ratios.append(value / reference)
    return statistics.median(ratios)
