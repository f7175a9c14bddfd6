"""
Evidence to hand to an auditor: files with a manifest of their hashes, as an archive that is the same for the same evidence.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ops import whole
from ops.errors import FlotillaError, SettingsError

SCHEMA = 1
MANIFEST = "manifest.json"
SUFFIXES = (".tar.gz", ".tgz")
# Of all files of a bundle together: what claims to be larger is none of ours.
LIMIT_BYTES = 256 * 1024**2
FILE_MODE = 0o600


@dataclass(frozen=True, kw_only=True)
class File:
    """
    One piece of evidence. `when` is the time that it is of; empty where it has none. `is_masked`: something was taken out of it
    that is, or looks like, a secret.
    """

    path: str
    content: bytes
    what: str
    when: str = ""
    is_masked: bool = False


@dataclass(frozen=True, kw_only=True)
class Checked:
    """
    What became of looking at a bundle: `problems` are sentences without their full stop.
    """

    manifest_sha256: str
    manifest: Mapping[str, Any]
    problems: tuple[str, ...]


def manifest(environment: str, when: str, commit: str, files: tuple[File, ...]) -> bytes:
    """
    What is in a bundle, by path.
    """
    rows = [
        {
            "path": file.path,
            "sha256": hashlib.sha256(file.content).hexdigest(),
            "bytes": len(file.content),
            "what": file.what,
            "when": file.when,
            "is_masked": file.is_masked,
        }
        for file in sorted(files, key=lambda file: file.path)
    ]
    document = {"schema": SCHEMA, "environment": environment, "made": when, "commit": commit, "files": rows}
    return (json.dumps(document, indent=2) + "\n").encode()


def write(path: Path, listed: bytes, files: tuple[File, ...]) -> str:
    """
    Write it: an archive where the path ends like one, else a new folder. Returns the manifest's SHA-256.

    Raises: SettingsError where there is something already, FlotillaError where it cannot be written.
    """
    contents = {MANIFEST: listed, **{file.path: file.content for file in sorted(files, key=lambda file: file.path)}}
    try:
        if path.name.endswith(SUFFIXES):
            with whole.file(path, mode=FILE_MODE) as draft:
                draft.write(_archive(contents))
        else:
            _folder(path, contents)
    except OSError as error:
        raise FlotillaError(f"{path}: not writable: {error.strerror}. Nothing was bundled. Take another path.") from error
    return hashlib.sha256(listed).hexdigest()


def _archive(contents: Mapping[str, bytes]) -> bytes:
    """
    The same bytes for the same contents: no times, no owners, no order of a disk.
    """
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for name, content in contents.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def _folder(path: Path, contents: Mapping[str, bytes]) -> None:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise SettingsError(f"{path}: there is something already. Nothing was bundled. Take a folder that is new or empty.")
    for name, content in contents.items():
        target = path / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with whole.file(target, mode=FILE_MODE) as draft:
            draft.write(content)


def check(path: Path) -> Checked:
    """
    Whether a bundle is as its manifest says.

    Raises: SettingsError for what is no bundle.
    """
    contents, strange = _read(path)
    listed = contents.pop(MANIFEST, None)
    try:
        document = json.loads(listed or b"")
        rows = {str(row["path"]): (str(row["sha256"]), int(row["bytes"])) for row in document["files"]}
    except (ValueError, KeyError, TypeError):
        raise _no_bundle(path, f"it has no {MANIFEST} that can be read") from None
    problems = [*strange, *(f"{name}: it is not there" for name in rows if name not in contents)]
    for name, content in sorted(contents.items()):
        if name not in rows:
            problems.append(f"{name}: the manifest does not know it")
        elif rows[name] != (hashlib.sha256(content).hexdigest(), len(content)):
            problems.append(f"{name}: it was changed after the manifest was written")
    return Checked(manifest_sha256=hashlib.sha256(listed or b"").hexdigest(), manifest=document, problems=tuple(problems))


def _read(path: Path) -> tuple[dict[str, bytes], list[str]]:
    try:
        return _read_folder(path) if path.is_dir() else _read_archive(path)
    except FileNotFoundError:
        raise _no_bundle(path, "it is not there") from None
    except (OSError, EOFError, tarfile.TarError, gzip.BadGzipFile) as error:
        raise _no_bundle(path, f"it cannot be read ({type(error).__name__})") from None


def _read_folder(path: Path) -> tuple[dict[str, bytes], list[str]]:
    found = sorted(entry for entry in path.rglob("*") if not entry.is_dir() or entry.is_symlink())
    links = [f"{entry.relative_to(path)}: it is a link" for entry in found if entry.is_symlink()]
    plain = [entry for entry in found if entry.is_file() and not entry.is_symlink()]
    if sum(entry.stat().st_size for entry in plain) > LIMIT_BYTES:
        raise _no_bundle(path, "it is larger than any bundle")
    return {str(entry.relative_to(path)): entry.read_bytes() for entry in plain}, links


def _read_archive(path: Path) -> tuple[dict[str, bytes], list[str]]:
    """
    In memory and never onto the disk, so that no name in it leads anywhere.
    """
    contents: dict[str, bytes] = {}
    strange: list[str] = []
    left = LIMIT_BYTES
    with path.open("rb") as packed, tarfile.open(fileobj=packed, mode="r|gz") as archive:
        for entry in archive:
            left -= entry.size
            if left < 0:
                raise _no_bundle(path, "it is larger than any bundle")
            stream = archive.extractfile(entry) if entry.isreg() else None
            if stream is None or not _is_plain(entry.name) or entry.name in contents:
                strange.append(f"{entry.name!r}: no bundle has such an entry")
            else:
                contents[entry.name] = stream.read()
    return contents, strange


def _is_plain(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return name.isprintable() and bool(parts) and ".." not in parts and not name.startswith("/")


def _no_bundle(path: Path, why: str) -> SettingsError:
    return SettingsError(f"{path}: this is no bundle: {why}. Nothing was checked. `flotilla compliance --bundle` makes one.")
