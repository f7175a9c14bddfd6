"""
Have the files of a PostgreSQL cluster, on its disk. One that is there already is taken as it is: it outlives the server.

Made beside its place and put there whole, so that one whose making was interrupted is never taken for a cluster. Debian's
`pg_createcluster` does not do so: what it leaves half-done, it refuses afterwards.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path
from typing import Any

TIMEOUT_S = 300
LOCK = "/run/flotilla-postgresql-cluster.lock"


def converge(data: dict[str, Any], dry: bool) -> list[str]:
    """
    `data`: `version`, `directory`, and `disk`, the mount point that it is on (None: the server's own disk).
    """
    place = Path(data["directory"])
    if (place / "PG_VERSION").is_file():
        return _known(place, str(data["version"]))
    if other := _other(place, str(data["version"])):
        raise RuntimeError(
            f"{other} has the data, and is not of PostgreSQL {data['version']}. It is as it was, and still serves. "
            "Move it as docs/databases.md, `Another version`, says"
        )
    if dry:
        return [f"make the cluster {place}"]
    if data["disk"] and not Path(data["disk"]).is_mount():
        raise RuntimeError(f"{data['disk']} is not mounted, and the cluster belongs there")
    with Path(LOCK).open("w") as lock:
        # One that was begun by a run that is gone may still be at work.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "PG_VERSION").is_file():
            _make(place, int(data["version"]))
    return [f"cluster {place} made"]


def _known(place: Path, version: str) -> list[str]:
    found = (place / "PG_VERSION").read_text().strip()
    if found != version:
        raise RuntimeError(
            f"{place} is of PostgreSQL {found}, and {version} is wanted: see docs/databases.md, `Another version`"
        )
    return []


def _other(place: Path, version: str) -> Path | None:
    """
    A cluster of another version beside the place: an empty one instead of it would be as if all data were lost.
    """
    found = (path.parent for path in sorted(place.parents[1].glob("*/*/PG_VERSION")) if path.read_text().strip() != version)
    return next(found, None)


def _make(place: Path, version: int) -> None:
    new = place.with_name(f".{place.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    for folder in reversed([place.parent, *place.parent.parents]):
        if not folder.exists():
            folder.mkdir(mode=0o755)
            shutil.chown(folder, "postgres", "postgres")
    binary = f"/usr/lib/postgresql/{version}/bin/initdb"
    options = ["--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8", "--auth-local=peer", "--auth-host=reject"]
    new.mkdir(mode=0o700)
    shutil.chown(new, "postgres", "postgres")
    argv = ["runuser", "-u", "postgres", "--", binary, "--pgdata", str(new), *options]
    done = subprocess.run(argv, cwd="/", capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"initdb: {(done.stderr or done.stdout).strip()[-800:]}")
    for name in ("postgresql.conf", "pg_hba.conf", "pg_ident.conf"):  # those in /etc/postgresql count
        (new / name).unlink()
    new.rename(place)
