"""
Looking: images, build cache, volumes, logs, and what restores left behind. Changes nothing.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROTATED = re.compile(r".*(\.gz|\.xz|\.[0-9]+|\.old)")
NOT_A_MANAGER = ("not a swarm manager", "not part of a swarm")
RESTORED = ("*_restored_[0-9]*", "*_before_[0-9]*")
TIMEOUT_S = 60


def run(*argv: str) -> str:
    """
    What a program prints; RuntimeError where it fails.
    """
    done = subprocess.run(argv, cwd="/", capture_output=True, text=True, timeout=TIMEOUT_S)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv[:3])}: {' '.join(done.stderr.split())[:200]}")
    return done.stdout


def has_docker() -> bool:
    """
    Whether Docker runs here.
    """
    socket = Path("/var/run/docker.sock")
    return socket.exists() and subprocess.run(["docker", "info"], capture_output=True).returncode == 0


def images() -> list[dict[str, Any]]:
    """
    Every image: its names with a digest, whether it has a tag, its size, and when it came.
    """
    ids = sorted(set(run("docker", "image", "ls", "--quiet", "--no-trunc").split()))
    rows = json.loads(run("docker", "image", "inspect", *ids)) if ids else []
    driver, root = run("docker", "info", "--format", "{{.Driver}} {{.DockerRootDir}}").split()
    folder = f"{root}/image/{driver}/imagedb/content/sha256"
    return [
        {
            "id": row["Id"],
            "names": row["RepoDigests"] or [],
            "has_tag": bool(row["RepoTags"]),
            "size_bytes": row["Size"],
            "came": Path(folder, row["Id"].removeprefix("sha256:")).stat().st_mtime,
        }
        for row in rows
    ]


def used() -> list[str]:
    """
    Ids and names of images that containers have, running or not, and that the swarm's services ask for.
    """
    ids = run("docker", "container", "ls", "--all", "--quiet").split()
    found = set(run("docker", "container", "inspect", "--format", "{{.Image}}", *ids).split()) if ids else set()
    try:
        services = run("docker", "service", "ls", "--quiet").split()
    except RuntimeError as error:
        if not any(words in str(error) for words in NOT_A_MANAGER):
            raise
        return sorted(found)
    asked = "{{.Spec.TaskTemplate.ContainerSpec.Image}}"
    return sorted(
        found | (set(run("docker", "service", "inspect", "--format", asked, *services).split()) if services else set())
    )


def volumes() -> list[dict[str, Any]]:
    """
    Docker's volumes that no container has.
    """
    names = run("docker", "volume", "ls", "--quiet", "--filter", "dangling=true").split()
    rows = json.loads(run("docker", "volume", "inspect", *names)) if names else []
    return [{"name": row["Name"], "size_bytes": size_of(row["Mountpoint"])} for row in rows]


def build_cache() -> int:
    """
    Bytes that builds may use again.
    """
    rows = [json.loads(line) for line in run("docker", "system", "df", "--format", "{{json .}}").splitlines()]
    return next((parsed(row["Reclaimable"]) for row in rows if row["Type"] == "Build Cache"), 0)


def parsed(text: str) -> int:
    """
    Docker's sizes, such as `253.8MB (78%)`, in bytes.
    """
    found = re.match(r"([0-9.]+)\s*([kMGT]?)B", text)
    return int(float(found[1]) * 1000 ** " kMGT".index(found[2] or " ")) if found else 0


def size_of(path: str | Path) -> int:
    """
    What a file or folder takes on its disk.
    """
    total = 0
    for inner in (Path(path), *Path(path).rglob("*")):
        try:
            total += inner.lstat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total


def logs() -> list[dict[str, Any]]:
    """
    Logs that were rotated away: nobody writes to them any more.
    """
    now, found = time.time(), []
    for path in sorted(Path("/var/log").rglob("*")):
        is_journal = path.is_relative_to("/var/log/journal")
        if ROTATED.fullmatch(path.name) and not is_journal and path.is_file() and not path.is_symlink():
            about = path.stat()
            row = {"path": str(path), "size_bytes": about.st_blocks * 512, "age_s": int(now - about.st_mtime)}
            found.append(row)
    return found


def journal() -> int:
    """
    Bytes that the journal takes.
    """
    return sum(size_of(folder) for folder in ("/var/log/journal", "/run/log/journal") if Path(folder).is_dir())


def restored() -> list[dict[str, Any]]:
    """
    What restores put beside the existing, or kept of what was there before: databases, and folders of volumes.
    """
    paths = sorted(path for pattern in RESTORED for path in Path("/mnt/data").glob(f"*/{pattern}") if path.is_dir())
    found = [{"kind": "volume", "name": str(path), "size_bytes": size_of(path)} for path in paths]
    if any(Path("/etc/postgresql").glob("*/*/postgresql.conf")):
        asked = r"SELECT datname, pg_database_size(oid) FROM pg_database WHERE datname ~ '_(restored|before)_[0-9]+$'"
        for line in run("runuser", "-u", "postgres", "--", "psql", "-AtF", " ", "-d", "postgres", "-c", asked).splitlines():
            name, size = line.rsplit(" ", 1)
            found.append({"kind": "database", "name": name, "size_bytes": int(size)})
    return found


def _tried(look: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"data": look()}
    except Exception as error:  # the other looks are told all the same
        return {"error": " ".join(str(error).split())[:300] or type(error).__name__}


def survey() -> dict[str, Any]:
    """
    Everything, each part on its own.
    """
    looks: dict[str, Callable[[], Any]] = {"logs": logs, "journal": journal, "restored": restored}
    if has_docker():
        looks |= {"images": images, "used": used, "volumes": volumes, "build_cache": build_cache}
    return {name: _tried(look) for name, look in looks.items()}
