"""
Lays the stand-in plugins where the engine looks for plugins.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Final

from sandbox.plugins import schema as schemas
from sandbox.plugins.registry import PROVIDERS

SHIM: Final = Path(__file__).with_name("shim.py")
FOLDERS_QUERY: Final = "import json, sysconfig; print(json.dumps(sysconfig.get_path('purelib')))"


def install(pulumi_home: Path, python: Path) -> None:
    """
    Make `plugins/resource-<name>-v<version>/pulumi-resource-<name>` for every stand-in, running under the interpreter of a
    virtual environment. Changes only what differs; plugins of other versions, official ones too, stay as they are.
    """
    answer = subprocess.run([python, "-c", FOLDERS_QUERY], capture_output=True, text=True, check=True, timeout=60)
    site_packages = json.loads(answer.stdout)
    for name in PROVIDERS:
        folder = pulumi_home / "plugins" / f"resource-{name}-v{schemas.load(name).version}"
        _write_executable(folder / f"pulumi-resource-{name}", _script(name, python, site_packages))


def _script(name: str, python: Path, site_packages: str) -> str:
    """
    A shell script, as an interpreter line can hold neither spaces nor long paths.
    """
    command = [str(python.absolute()), "-IS", str(SHIM), name, site_packages]
    return f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n'


def _write_executable(path: Path, text: str) -> None:
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text)
    draft.chmod(0o755)
    draft.replace(path)
