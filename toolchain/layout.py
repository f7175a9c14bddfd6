"""
The checkout's folder of executables, first on PATH: the engine it uses, and the language host bound to its own `.venv`.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

from toolchain.engine import LANGUAGE_HOST, Engine, Origin
from toolchain.go_build import EXEC_SHIM

LANGUAGE_HOST_PROGRAM = Path("toolchain") / "language_host" / "__main__.py"


def lay(engine: Engine, checkout: Path) -> None:
    """
    Make `.flotilla/toolchain/bin` hold exactly what this engine needs; what is right already is not touched.
    """
    folder = checkout / ".flotilla" / "toolchain" / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    wanted = _wanted(engine, checkout, folder)
    for entry in folder.iterdir():
        if entry.name not in wanted:
            entry.unlink()
    for name, put in wanted.items():
        put(folder / name)
    _write(
        folder.parent / "engine.json",
        json.dumps({"origin": engine.origin, "version": engine.version, "folder": str(engine.folder)}) + "\n",
        0o644,
    )


def _wanted(engine: Engine, checkout: Path, folder: Path) -> dict[str, Callable[[Path], None]]:
    """
    What each file is made by. An engine that its owner put on PATH needs nothing of ours.
    """
    if engine.origin is Origin.PATH:
        return {}
    if engine.origin is Origin.RELEASE:
        return {source.name: _linking_to(source) for source in engine.folder.iterdir() if source.name.startswith("pulumi")}
    return {
        # The engine looks for its language host beside its own real path, and warns of one found elsewhere: no symbolic link.
        "pulumi": _same_file_as(engine.folder / "pulumi"),
        EXEC_SHIM: _linking_to(engine.folder / EXEC_SHIM),
        LANGUAGE_HOST: lambda target: _write(target, launcher(checkout, folder), 0o755),
    }


def launcher(checkout: Path, folder: Path) -> str:
    """
    Starts the language host without `site`, which costs more than the host's own modules.
    """
    command = [checkout / ".venv" / "bin" / "python", "-I", "-S", checkout / LANGUAGE_HOST_PROGRAM, folder / EXEC_SHIM]
    return f'#!/bin/sh\n# Written by toolchain/setup.py.\nexec {shlex.join(map(str, command))} "$@"\n'


def _linking_to(source: Path) -> Callable[[Path], None]:
    def put(target: Path) -> None:
        if not target.is_symlink() or target.readlink() != source:
            draft = target.with_name(f".{target.name}.new")
            draft.unlink(missing_ok=True)
            draft.symlink_to(source)
            draft.replace(target)

    return put


def _same_file_as(source: Path) -> Callable[[Path], None]:
    """
    A hard link, or a copy where the cache lies on another filesystem.
    """

    def put(target: Path) -> None:
        there, wanted = (path.stat() if path.exists() else None for path in (target, source))
        if there and wanted and (there.st_size, there.st_mtime_ns) == (wanted.st_size, wanted.st_mtime_ns):
            return
        draft = target.with_name(f".{target.name}.new")
        draft.unlink(missing_ok=True)
        try:
            os.link(source, draft)
        except OSError:
            shutil.copy2(source, draft)
        draft.replace(target)

    return put


def _write(target: Path, text: str, mode: int) -> None:
    if target.is_file() and not target.is_symlink() and target.read_text() == text:
        return
    draft = target.with_name(f".{target.name}.new")
    draft.write_text(text)
    draft.chmod(mode)
    draft.replace(target)
