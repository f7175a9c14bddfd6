"""
Volumes on the backup server: fetched into a folder, listed with their hashes, and kept by restic.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hosts.backup import folders, keys, restic, signed, source
from hosts.backup.config import GUEST, KEEPER, Config, Project, Source
from hosts.backup.errors import failed
from hosts.backup.restic import Repository

PIECE = 1 << 20


def repository(config: Config) -> Repository:
    """
    restic's repository on this server.
    """
    return Repository(where=str(config.repository / "restic"), resource=f"repository:{config.server}")


def resource(project: Project, wanted: Source) -> str:
    """
    How findings call a piece of a project's data.
    """
    return f"{project.name}/{wanted.covered}"


def tag(project: Project, wanted: Source) -> str:
    """
    What its snapshots are marked with.
    """
    return f"{project.name}/{wanted.name}"


def manifest_path(config: Config, project: Project, wanted: Source, snapshot: str) -> Path:
    """
    Where the list of a snapshot's files is.
    """
    return config.manifests / "volumes" / f"{project.name}-{wanted.name}" / f"{snapshot}.json"


def manifest(config: Config, project: Project, wanted: Source, snapshot: str) -> dict[str, Any] | None:
    """
    What a snapshot has to have; None where nobody noted it.
    """
    folder = manifest_path(config, project, wanted, snapshot).parent
    documents = (signed.read(path, keys.record()) for path in sorted(folder.glob(f"{snapshot}*.json")))
    return next((document for document in documents if document), None)


def size(config: Config, project: Project, wanted: Source, snapshot: str) -> int | None:
    """
    How many bytes its files have; None where nobody noted them.
    """
    document = manifest(config, project, wanted, snapshot)
    return sum(file.get("size", 0) for file in document["files"].values()) if document else None


def back_up(config: Config, project: Project, wanted: Source) -> str:
    """
    Fetch a volume and keep its state. Returns the snapshot's id.
    """
    folder = folders.own(config.staging / project.name / wanted.name, GUEST, 0o750)
    prepared = source.fetch_volume(wanted, resource(project, wanted), folder)
    files = listed(folder, prepared["files"], _previous(config, project, wanted))
    target = repository(config)
    if not restic.exists(target):
        restic.create(target)
    snapshot = restic.backup(target, folder, (tag(project, wanted), "volume"))
    document = {"project": project.name, "source": wanted.covered, "snapshot": snapshot, "folder": str(folder), "files": files}
    document["databases"] = prepared["databases"]
    signed.write(manifest_path(config, project, wanted, snapshot), document, keys.record())
    restic.forget(target, tag(project, wanted), project.retention)
    _forget_manifests(config, project, wanted)
    return snapshot


def listed(folder: Path, noted: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """
    {name: {owner: [uid, gid, mode], size, hash, changed}} of what is in a folder. A file that has not changed since `before` is
    not read again.
    """
    found: dict[str, Any] = {}
    for root, inner, files in os.walk(folder):
        for name in (*inner, *files):
            path = Path(root) / name
            relative = os.path.relpath(path, folder)
            found[relative] = {"owner": noted.get(relative), **_content(path, before.get(relative, {}))}
    found["."] = {"owner": noted.get("."), "kind": "directory"}
    return found


def _content(path: Path, before: Mapping[str, Any]) -> dict[str, Any]:
    state = os.lstat(path)
    if stat.S_ISLNK(state.st_mode):
        return {"kind": "link", "hash": hashlib.sha256(bytes(path.readlink())).hexdigest()}
    if not stat.S_ISREG(state.st_mode):
        return {"kind": "directory" if stat.S_ISDIR(state.st_mode) else "other"}
    changed = [state.st_mtime_ns, state.st_ctime_ns, state.st_ino]
    same = before.get("changed") == changed and before.get("size") == state.st_size
    return {"kind": "file", "size": state.st_size, "hash": before["hash"] if same else _hash(path), "changed": changed}


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _previous(config: Config, project: Project, wanted: Source) -> dict[str, Any]:
    folder = manifest_path(config, project, wanted, "any").parent
    found = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime) if folder.is_dir() else []
    document = signed.read(found[-1], keys.record()) if found else None
    return dict(document["files"]) if document else {}


def _forget_manifests(config: Config, project: Project, wanted: Source) -> None:
    kept = {snapshot.id for snapshot in restic.snapshots(repository(config), tag(project, wanted))}
    for path in manifest_path(config, project, wanted, "any").parent.glob("*.json"):
        if not any(path.stem.startswith(id) for id in kept):
            path.unlink()


def differences(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """
    How the files that were restored differ from those that were backed up, each as a sentence without its full stop.
    """
    told = [f"file {name} is missing" for name in wanted if name not in found]
    told += [f"file {name} should not be there" for name in found if name not in wanted]
    for name in sorted(wanted.keys() & found.keys()):
        before, after = wanted[name], found[name]
        if before["kind"] != after["kind"]:
            told.append(f"{name} is a {after['kind']} instead of a {before['kind']}")
        elif before.get("size") != after.get("size"):
            told.append(f"file {name} has {after.get('size')} bytes instead of {before.get('size')}")
        elif before.get("hash") != after.get("hash"):
            told.append(f"file {name} has another content")
    return told


def restore(config: Config, project: Project, wanted: Source, snapshot: str, into: Path) -> Path:
    """
    Write a snapshot into a folder of the keeper's; returns where in it the volume is.

    Raises: BackupError for one that there is none of.
    """
    known = {found.id for found in restic.snapshots(repository(config), tag(project, wanted))}
    if snapshot not in known:
        raise failed("no-backup", resource(project, wanted), f"there is no snapshot {snapshot}", "See `flotilla backup list`")
    folders.own(into, KEEPER)
    restic.restore(repository(config), snapshot, into)
    return into / str(config.staging / project.name / wanted.name).lstrip("/")
