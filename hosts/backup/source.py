"""
Asking servers that have data: over SSH, with a key that opens nothing but their gate, to hosts whose keys are known beforehand.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from hosts.backup import process
from hosts.backup.config import GUEST, KEEPER, Source, Stanza
from hosts.backup.errors import failed
from hosts.backup.gate import snapshot_folder

USER = "flotilla-source"
SSH = "/usr/local/lib/flotilla/backup-ssh"
CENSUS_TIMEOUT_S = 6 * 3600
# rsync 3.2: 23 and 24 are files that could not be read or vanished meanwhile. The latter is no fault of a volume in use.
VANISHED = 24


def census(stanza: Stanza, label: str) -> dict[str, Any]:
    """
    What the databases of a cluster hold at the moment of a new restore point called `label`.
    """
    return _ask(stanza.address, ["census", label], stanza.resource, CENSUS_TIMEOUT_S)


def _ask(address: str, words: list[str], resource: str, timeout_s: float) -> dict[str, Any]:
    argv = [SSH, f"{USER}@{address}", shlex.join(words)]
    done = process.run(argv, user=KEEPER, timeout_s=timeout_s)
    if done.code != 0:
        raise failed("source-failed", resource, f"{words[0]}: {done.words}", "See whether its server runs, and its journal")
    return dict(json.loads(done.output))


def fetch_volume(source: Source, resource: str, into: Path) -> dict[str, Any]:
    """
    Make a folder the same as a volume, its SQLite databases as consistent copies. Returns {databases, files}: see volume.py.
    """
    prepared = _ask(source.address, ["prepare", str(source.path)], resource, CENSUS_TIMEOUT_S)
    databases = prepared["databases"]
    companions = [f"{name}{suffix}" for name in databases for suffix in ("-wal", "-shm", "-journal")]
    left_out = [f"--exclude=/{_literal(name)}" for name in (*source.left_out, *databases, *companions)]
    _rsync(source.address, f"{source.path}/", into, resource, ["--delete", *left_out])
    if databases:
        _rsync(source.address, f"{snapshot_folder(str(source.path))}/", into, resource, [])
    return prepared


def _literal(name: str) -> str:
    """
    A name as a pattern of rsync's that fits only itself.
    """
    return "".join(f"\\{letter}" if letter in "*?[\\" else letter for letter in name)


def _rsync(address: str, path: str, into: Path, resource: str, options: list[str]) -> None:
    # Owners are noted by the gate and given back by a restore: the one who fetches may not make files for others.
    argv = ["rsync", "-rlptH", "--chmod=Du+rwx,Dg+rx,Fu+rw,Fg+r", "-e", SSH, *options, f"{USER}@{address}:{path}", f"{into}/"]
    done = process.run(argv, user=GUEST)
    if done.code not in (0, VANISHED):
        is_full = "No space left on device" in done.errors
        fact = "the backup disk is full" if is_full else f"rsync ended with exit code {done.code}: {done.words}"
        raise failed("disk-full" if is_full else "source-failed", resource, fact, "See the journal of the backup server")
