"""
A dossier's files: compared with what is there, and written. Each is whole or as it was; what others have put into the folder
stays, and what an earlier dossier had and this one has not goes.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath

from ops import whole
from ops.dossier.page import Page
from ops.errors import FlotillaError, RefusedError

# Which files of a folder are a dossier's, and whether it is the same wherever it is written.
MANIFEST = ".flotilla-dossier.json"
READABLE = 0o644


class Kind(StrEnum):
    """
    What is not the same.
    """

    MISSING = "missing"
    STALE = "stale"
    LEFT_OVER = "left over"


@dataclass(frozen=True, kw_only=True)
class Change:
    """
    One file that is not as it would be written. `before` and `after` are its contents, None where it is not there.
    """

    path: str
    kind: Kind
    before: str | None
    after: str | None

    @property
    def difference(self) -> str:
        """
        As `diff -u` shows it.
        """
        old, new = ((text or "").splitlines(keepends=True) for text in (self.before, self.after))
        names = ("/dev/null" if self.before is None else self.path, "/dev/null" if self.after is None else self.path)
        lines = difflib.unified_diff(old, new, *names)
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def folder_of(checkout: Path, stack: str) -> Path:
    """
    Where a stack's dossier is, unless somebody wants it elsewhere.
    """
    return checkout / "docs" / "generated" / stack


def changes(folder: Path, pages: Sequence[Page], kept: Mapping[str, bool]) -> list[Change]:
    """
    Every file of the folder that is not as it would be written. `kept` is noted beside the names of the files.

    Raises: FlotillaError where the folder cannot be read.
    """
    wanted = {page.path: page.content for page in pages}
    wanted[MANIFEST] = manifest(wanted, kept)
    found = {path: _read(folder / path) for path in sorted({*wanted, *owned(folder)})}
    return [
        Change(path=path, kind=_kind(before, wanted.get(path)), before=before, after=wanted.get(path))
        for path, before in found.items()
        if before != wanted.get(path)
    ]


def _kind(before: str | None, after: str | None) -> Kind:
    if after is None:
        return Kind.LEFT_OVER
    return Kind.MISSING if before is None else Kind.STALE


def manifest(paths: Iterable[str], kept: Mapping[str, bool]) -> str:
    """
    The file that names the others.
    """
    files = sorted(set(paths) - {MANIFEST})
    return json.dumps({**kept, "files": files}, indent=2, ensure_ascii=False) + "\n"


def read_manifest(folder: Path) -> Mapping[str, object]:
    """
    What is known of the dossier in a folder; empty where there is none.
    """
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def owned(folder: Path) -> list[str]:
    """
    The files that an earlier dossier has written here; nothing outside the folder, whatever the manifest says.
    """
    files = read_manifest(folder).get("files")
    named = [name for name in files if isinstance(name, str)] if isinstance(files, list) else []
    return [name for name in named if _is_inside(folder, name)]


def _is_inside(folder: Path, name: str) -> bool:
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name:
        return False
    return (folder / path).parent.resolve().is_relative_to(folder.resolve())


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode(errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise FlotillaError(
            f"{path}: it cannot be read: {error.strerror}. Nothing was written. Make it readable, or give another `--out`."
        ) from None


def write(folder: Path, found: Sequence[Change], pages: Sequence[Page], kept: Mapping[str, bool]) -> None:
    """
    Carry out these changes, which `changes` found for these pages.

    Raises: RefusedError where that would replace files that no dossier has written; FlotillaError where the folder cannot be
    written to.
    """
    if not found:
        return
    _require_ours(folder, found)
    wanted = [page.path for page in pages]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # All that is ours at any moment, should this be broken off.
        _put(folder / MANIFEST, manifest([*wanted, *owned(folder)], kept))
        for change in found:
            if change.path == MANIFEST:
                continue
            if change.after is None:
                _remove(folder, change.path)
            else:
                _put(folder / change.path, change.after)
        _put(folder / MANIFEST, manifest(wanted, kept))
    except OSError as error:
        raise FlotillaError(
            f"{folder}: it cannot be written to: {error.strerror}. Some pages may be new, and each is whole. "
            "Make it writable, then run the same command again."
        ) from None


def _require_ours(folder: Path, found: Sequence[Change]) -> None:
    ours = {*owned(folder), MANIFEST}
    others = [change.path for change in found if change.kind is Kind.STALE and change.path not in ours]
    if others:
        raise RefusedError(
            f"{folder}: no dossier has written {', '.join(others)}. Nothing was written. Move them, or give another `--out`."
        )


def _put(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole.file(path, mode=READABLE) as file:
        file.write(content.encode())


def _remove(folder: Path, name: str) -> None:
    """
    The file, and the folders that it leaves empty.
    """
    (folder / name).unlink(missing_ok=True)
    for parent in _parents(name):
        with suppress(OSError):  # something else is in there
            (folder / parent).rmdir()


def _parents(name: str) -> Iterator[PurePosixPath]:
    return (parent for parent in PurePosixPath(name).parents if parent.parts)
