"""
Everything that can happen to a backup, as functions that do it to a stand, each with what has to be found out.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.integration.backup_stand import DATA, DATABASE, DAY_S, Stand, eventually

REPOSITORY = "/mnt/data/backups"
STANZA = f"{REPOSITORY}/pgbackrest/backup/{DATA}"
ARCHIVE = f"{REPOSITORY}/pgbackrest/archive/{DATA}"
KEPT = "/mnt/data/kept"
CONFIGURATION = "/etc/flotilla/backup"


@dataclass(frozen=True)
class Damage:
    """
    `do` does it and returns a word that the finding has to name, such as a file's; `ask` is the command that has to end with 1;
    `found` are ids of findings, one of which has to be among its own.
    """

    name: str
    do: Callable[[Stand], str]
    ask: Callable[[], tuple[str, ...]]
    found: tuple[str, ...]
    undo: Callable[[Stand], None] | None = None


def keep(stand: Stand) -> None:
    """
    Keep everything as it is now.
    """
    stand.ops.sh(f"rm -rf {KEPT}; mkdir {KEPT}; cp -a {REPOSITORY} {KEPT}/data; cp -a {CONFIGURATION} {KEPT}/configuration")


def put_back(stand: Stand) -> None:
    """
    Have everything as it was kept. The log that came since stays: it would be missing otherwise.
    """
    archive = "pgbackrest/archive"
    stand.ops.sh(
        f"rsync -aHX --checksum --delete --exclude=/wal --exclude=/scratch --exclude=/{archive} {KEPT}/data/ {REPOSITORY}/; "
        f"rsync -aHX --checksum {KEPT}/data/{archive}/ {REPOSITORY}/{archive}/; "
        f"rsync -a --checksum --delete {KEPT}/configuration/ {CONFIGURATION}/"
    )


def _largest(stand: Stand, folder: str, pattern: str = "*") -> str:
    return stand.ops.sh(f"find {folder} -type f -name '{pattern}' -printf '%s %p\\n' | sort -n | tail -1 | cut -d' ' -f2")


def _last_full(stand: Stand) -> str:
    return stand.ops.sh(f"ls -d {STANZA}/*F | tail -1")


def _flip(stand: Stand, path: str) -> None:
    script = (
        "import sys; p=sys.argv[1]; f=open(p,'r+b'); f.seek(0,2); at=f.tell()//2; f.seek(at); b=f.read(1); f.seek(at); "
        "f.write(bytes([b[0]^1])); f.close()"
    )
    stand.ops.run("python3", "-c", script, path)


def truncate(stand: Stand) -> str:
    """A file of the backup ends early."""
    path = _largest(stand, _last_full(stand))
    stand.ops.sh(f"truncate -s $(($(stat -c %s {path}) / 2)) {path}")
    return _last_full(stand).rpartition("/")[2]


def flip_data(stand: Stand) -> str:
    """One bit of the backup is another one."""
    _flip(stand, _largest(stand, _last_full(stand)))
    return _last_full(stand).rpartition("/")[2]


def _needed_segment(stand: Stand) -> str:
    """
    The segment that the last backup begins in: no restore can do without it.
    """
    argv = ["pgbackrest", f"--config={CONFIGURATION}/pgbackrest-local.conf", f"--stanza={DATA}", "info", "--output=json"]
    document = stand.ops.run("runuser", "-u", "flotilla-backup", "--", *argv).stdout
    return str(json.loads(document)[0]["backup"][-1]["archive"]["start"])


def flip_log(stand: Stand) -> str:
    """One bit of the archived log is another one."""
    name = _needed_segment(stand)
    _flip(stand, stand.ops.sh(f"find {ARCHIVE} -name '{name}-*'"))
    return name


def flip_other_log(stand: Stand) -> str:
    """One bit is another one in a segment that a restore of the last backup does not need."""
    first = stand.ops.sh(f"find {ARCHIVE} -name '0000*-*' | sort | head -1")
    _flip(stand, first)
    return "archived segments"


def lose_segment(stand: Stand) -> str:
    """A segment of the archived log is gone."""
    name = _needed_segment(stand)
    stand.ops.sh(f"rm $(find {ARCHIVE} -name '{name}-*')")
    return name


def nothing(_: Stand) -> str:
    """Nothing happens, for two days."""
    return "2.0 days"


def rename(stand: Stand) -> str:
    """The backup is of a server that does not have the database."""
    stand.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{DATABASE}'", "postgres")
    stand.sql(f"ALTER DATABASE {DATABASE} RENAME TO elsewhere", "postgres")
    stand.backup("run", "--project", DATABASE)
    return DATABASE


def rename_back(stand: Stand) -> None:
    stand.sql(f"ALTER DATABASE elsewhere RENAME TO {DATABASE}", "postgres")


def another_backup(stand: Stand) -> str:
    """The manifest is another cluster's, and so not of this backup; its signature is good."""
    script = (
        "import sys; sys.path.insert(0,'/usr/local/lib/flotilla')\n"
        "from pathlib import Path; from hosts.backup import keys, signed\n"
        f"path = max(Path('{REPOSITORY}/manifests/{DATA}').glob('*.json'), key=lambda p: p.stat().st_mtime)\n"
        "found = signed.read(path, keys.record()); found['system_id'] += 1\n"
        "signed.write(path, found, keys.record()); print(path.stem)"
    )
    return stand.ops.run("python3", "-c", script).stdout.strip()


def forge_manifest(stand: Stand) -> str:
    """Somebody changes the manifest, so that it fits what they did to the data."""
    path = stand.ops.sh(f"ls -t {REPOSITORY}/manifests/{DATA}/*.json | head -1")
    stand.ops.sh(f'sed -i \'s/"rows": [0-9]*/"rows": 1/\' {path}')
    return "manifest"


def wrong_key(stand: Stand) -> str:
    """The key of pgBackRest's repository is another one."""
    stand.ops.sh(f"sed -i 's/^repo1-cipher-pass=.*/repo1-cipher-pass=another/' {CONFIGURATION}/pgbackrest*.conf")
    return "key"


def wrong_restic_key(stand: Stand) -> str:
    """The key of restic's repository is another one."""
    stand.ops.sh(f"echo another > {CONFIGURATION}/restic.key")
    return "key"


def empty_volume(stand: Stand) -> str:
    """The copy of the volume has lost what was in it; restic has nothing to complain of."""
    script = (
        "import sys; sys.path.insert(0,'/usr/local/lib/flotilla')\n"
        "from pathlib import Path; from hosts.backup import config, keys, restic, signed, volumes\n"
        "known = config.load(); project = known.projects['guestbook']; wanted = project.sources[0]\n"
        "folder = known.staging / project.name / wanted.name\n"
        "import shutil; [p.unlink() if not p.is_dir() else shutil.rmtree(p) for p in folder.iterdir()]\n"
        "lists = volumes.manifest_path(known, project, wanted, 'x').parent.glob('*.json')\n"
        "last = max(lists, key=lambda p: p.stat().st_mtime)\n"
        "id = restic.backup(volumes.repository(known), folder, (volumes.tag(project, wanted), 'volume'))\n"
        "found = {**signed.read(last, keys.record()), 'snapshot': id}\n"
        "signed.write(volumes.manifest_path(known, project, wanted, id), found, keys.record()); print(id)"
    )
    return stand.ops.run("python3", "-c", script).stdout.strip()[:8]


def damage_restic(stand: Stand) -> str:
    """A pack of restic's repository has another bit."""
    _flip(stand, _largest(stand, f"{REPOSITORY}/restic/data"))
    return "damage"


def fill_disk(stand: Stand) -> str:
    """There is no room for another full backup."""
    folder = f"{REPOSITORY}/pgbackrest"
    stand.ops.sh(
        f"used=$(du -sk {folder} | cut -f1); mkdir -p /mnt/small; "
        "mount -t tmpfs -o size=$((used + 2048))k,mode=700 small /mnt/small; "
        f"cp -a {folder}/. /mnt/small/; chown flotilla-backup: /mnt/small; mount --move /mnt/small {folder}"
    )
    return "full"


def empty_disk(stand: Stand) -> None:
    folder = f"{REPOSITORY}/pgbackrest"
    stand.ops.sh(
        f"cp -a {folder}/archive /mnt/archive; umount {folder}; rsync -a /mnt/archive/ {folder}/archive/; rm -r /mnt/archive"
    )


def kill(stand: Stand) -> str:
    """A backup is killed on its way."""
    before = stand.ops.sh(f"ls {STANZA}")
    stand.ops.sh("systemd-run --quiet --unit=doomed flotilla-backup run --full --project ledger")
    eventually(lambda: stand.ops.sh(f"ls {STANZA}") != before, 60)
    stand.ops.sh("systemctl kill --signal=KILL doomed; sleep 1; systemctl reset-failed doomed || true")
    (label,) = set(stand.ops.sh(f"ls {STANZA}").split()) - set(before.split())
    return label


def now(*words: str) -> Callable[[], tuple[str, ...]]:
    return lambda: words


def in_two_days(command: str) -> Callable[[], tuple[str, ...]]:
    return lambda: (command, "--at", str(time.time() + 2 * DAY_S + 600))


DAMAGES = (
    Damage("truncated file", truncate, now("verify", "--project", DATABASE), ("backup-damaged",)),
    Damage("truncated file, in the repository", truncate, now("drill", "--project", DATABASE), ("backup-damaged",)),
    Damage("flipped bit in data", flip_data, now("verify", "--project", DATABASE), ("backup-damaged",)),
    Damage("flipped bit in the log", flip_log, now("verify", "--project", DATABASE), ("backup-damaged", "log-missing")),
    Damage("flipped bit in an older log", flip_other_log, now("drill", "--project", DATABASE), ("archive-damaged",)),
    Damage("missing segment, listed", lose_segment, now("list"), ("log-missing",)),
    Damage("missing segment, restored", lose_segment, now("verify", "--project", DATABASE), ("log-missing",)),
    Damage("stale by two days, listed", nothing, in_two_days("list"), ("backup-old",)),
    Damage("stale by two days, restored", nothing, in_two_days("verify"), ("backup-old",)),
    Damage("wrong database", rename, now("verify", "--project", DATABASE), ("wrong-database",), rename_back),
    Damage("wrong cluster", another_backup, now("verify", "--project", DATABASE), ("wrong-database",)),
    Damage("forged manifest", forge_manifest, now("list"), ("manifest-missing",)),
    Damage("wrong key", wrong_key, now("verify", "--project", DATABASE), ("wrong-key",)),
    Damage("wrong key of restic", wrong_restic_key, now("verify", "--project", "guestbook"), ("wrong-key",)),
    Damage("emptied copy of a volume", empty_volume, now("verify", "--project", "guestbook"), ("content-differs",)),
    Damage(
        "damaged copy of a volume",
        damage_restic,
        now("drill", "--project", "guestbook"),
        ("repository-damaged", "restic-failed"),
    ),
    Damage("full backup disk", fill_disk, now("run", "--full", "--project", DATABASE), ("disk-full",), empty_disk),
    Damage("killed during a backup", kill, now("list"), ("backup-interrupted",)),
)


def is_caught(stand: Stand, damage: Damage) -> None:
    """
    Do it, ask, and put everything back. It has to be found out, by name, with exit code 1.
    """
    try:
        word = damage.do(stand)
        answer = stand.backup(*damage.ask(), code=1)
        right = [found for found in answer["findings"] if found["id"] in damage.found]
        assert right, answer["findings"]
        assert any(word in found["fact"] for found in right), (word, right)
    finally:
        if damage.undo:
            damage.undo(stand)
        put_back(stand)
