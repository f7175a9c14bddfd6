"""
`command:remote:CopyToRemote`: files and folders put on a host. What lies where follows the real plugin:

    source           destination is a folder   does not exist        is a file
    folder           destination/folder        destination/folder    error
    folder/          into destination          into destination      error
    file             destination/file          destination           overwritten
    text             error                     destination           overwritten
    set of assets    into destination          into destination      error

Files get the mode that the host's umask leaves, 0644 as a rule; contents travel on standard input.
"""

from __future__ import annotations

import io
import shlex
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ops.errors import FlotillaError, SettingsError
from sandbox.plugins.command.connection import check_connection, run_script
from sandbox.plugins.command.process import new_id
from sandbox.plugins.command.remote import RemoteResource
from sandbox.plugins.provider import Context, Failure, Properties
from sandbox.plugins.values import Archive, Asset

_FILE: Final = """set -eu
fail() { echo "$1" >&2; exit 1; }
if [ -d "$dest" ]; then
  [ -n "$name" ] || fail "$dest is a folder; a text needs a file's path"
  dest=${dest%/}/$name
else
  mkdir -p "$(dirname "$dest")"
fi
cat > "$dest"
"""
_FOLDER: Final = """set -eu
fail() { echo "$1" >&2; exit 1; }
[ ! -e "$dest" ] || [ -d "$dest" ] || fail "$dest is not a folder"
[ -z "$name" ] || dest=${dest%/}/$name
[ ! -e "$dest" ] || [ -d "$dest" ] || fail "$dest is not a folder"
mkdir -p "$dest"
tar -x --no-same-owner --no-same-permissions -C "$dest" -f -
"""


class CopyToRemote(RemoteResource):
    """
    A copy that an update makes again when the content or the destination changed.
    """

    token = "command:remote:CopyToRemote"

    def check(self, inputs: Properties) -> list[Failure]:
        """
        The connection, and sources that this stand-in does not fetch.
        """
        failures = check_connection(inputs.get("connection"))
        source = inputs.get("source")
        if isinstance(source, Asset | Archive) and source.uri:
            failures.append(
                Failure(property="source", reason=f"{source.uri} is not fetched: the sandbox stays on this machine.")
            )
        return failures

    def is_same(self, key: str, old: Any, new: Any) -> bool:
        """
        Sources are the same when their contents are, wherever they lie.
        """
        if key == "source" and old is not None and new is not None and new.hash:
            return bool(old.hash == new.hash)
        return bool(old == new)

    def create(self, context: Context, inputs: Properties) -> tuple[str, Properties]:
        """
        Copy.
        """
        self._copy(context, inputs)
        return new_id(), dict(inputs)

    def update(self, context: Context, id: str, old_state: Properties, new_inputs: Properties) -> Properties:
        """
        Copy again where there is something new; another connection alone copies nothing.
        """
        has_moved = old_state.get("remotePath") != new_inputs["remotePath"]
        if has_moved or not self.is_same("source", old_state.get("source"), new_inputs["source"]):
            self._copy(context, new_inputs)
        return dict(new_inputs)

    def _copy(self, context: Context, inputs: Properties) -> None:
        destination, source = inputs["remotePath"], inputs["source"]
        try:
            script, name, content = upload(source)
        except OSError as error:
            raise FlotillaError(f"source: {error}. Nothing was copied to {destination}.") from None
        header = f"dest={shlex.quote(destination)} name={shlex.quote(name)}\n"
        run_script(self.connections, inputs["connection"], context, header + script, stdin=content)


def upload(source: Asset | Archive) -> tuple[str, str, bytes]:
    """
    The host's script, the name that the source has of its own, and what the script reads.
    """
    if isinstance(source, Asset) and source.text is not None:
        return _FILE, "", source.text.encode()
    if source.path is None:
        if isinstance(source, Archive) and source.assets is not None:
            return _FOLDER, "", pack(dict(_entries(source.assets)))
        raise SettingsError("source: it has neither text nor a path. Nothing was copied. Give a FileAsset or a FileArchive.")
    path = Path(source.path)
    if path.is_dir():
        return _FOLDER, "" if source.path.endswith("/") else path.resolve().name, pack(dict(_files(path)))
    return _FILE, path.name, path.read_bytes()


def pack(files: Mapping[str, bytes | None]) -> bytes:
    """
    A tar of {relative path: content}; None stands for an empty folder.
    """
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = (tarfile.DIRTYPE, 0o755) if content is None else (tarfile.REGTYPE, 0o644)
            entry.size = len(content or b"")
            tar.addfile(entry, io.BytesIO(content or b""))
    return out.getvalue()


def _files(folder: Path) -> Iterator[tuple[str, bytes | None]]:
    for path in sorted(folder.rglob("*")):
        yield path.relative_to(folder).as_posix(), None if path.is_dir() else path.read_bytes()


def _entries(assets: Mapping[str, Any]) -> Iterator[tuple[str, bytes | None]]:
    """
    The files of a set of assets; archives inside are unpacked in their place.
    """
    for name, item in assets.items():
        clean = _inside(name)
        if isinstance(item, Asset):
            yield clean, item.text.encode() if item.text is not None else Path(item.path or "").read_bytes()
        else:
            for inner, content in _archive_entries(item):
                yield f"{clean}/{_inside(inner)}", content


def _archive_entries(archive: Archive) -> Iterator[tuple[str, bytes | None]]:
    if archive.assets is not None:
        yield from _entries(archive.assets)
    elif archive.path and Path(archive.path).is_dir():
        yield from _files(Path(archive.path))
    else:
        raise SettingsError(
            f"source: {archive.path or archive.uri} is an archive inside an archive, which this stand-in plugin does not"
            " unpack. Nothing was copied. Unpack it to a folder first."
        )


def _inside(name: str) -> str:
    """
    The name, unless it would lead out of the destination.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts or not parts:
        raise SettingsError(f"source: {name!r} leads out of the destination. Nothing was copied. Correct the name.")
    return "/".join(parts)
