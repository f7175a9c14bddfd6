"""
Which Python runs a program: that of its `virtualenv` option, else the one on PATH, as the official language host chooses.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import MissingToolError, SettingsError

REFUSED_OPTIONS = {
    "toolchain": ("", "auto", "pip"),
    "typechecker": ("", "none"),
}


@dataclass(frozen=True)
class Interpreter:
    """
    A Python executable, and the virtual environment it belongs to.
    """

    executable: Path
    virtualenv: Path | None = None

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """
        These variables with the virtual environment activated.
        """
        environment = dict(base)
        if self.virtualenv is not None:
            environment.pop("PYTHONHOME", None)
            environment["VIRTUAL_ENV"] = str(self.virtualenv)
            environment["PATH"] = os.pathsep.join(filter(None, [str(self.executable.parent), base.get("PATH", "")]))
        return environment

    def site_packages(self) -> list[Path]:
        """
        The folders that hold its installed packages.
        """
        prefix = self.virtualenv or self.executable.resolve().parent.parent
        return sorted(folder for name in ("site-packages", "dist-packages") for folder in prefix.glob(f"lib/python3*/{name}"))


def virtualenv_of(root: Path, options: Mapping[str, Any]) -> Path | None:
    """
    The folder that the `virtualenv` option names, relative to the folder of Pulumi.yaml or PulumiPolicy.yaml.

    Raises: SettingsError for an option that this host does not honour: better refused than ignored.
    """
    for name, accepted in REFUSED_OPTIONS.items():
        value = str(options.get(name) or "").lower()
        if value not in accepted:
            raise SettingsError(
                f"{root}: runtime.options.{name} is {value!r}, which Flotilla's language host does not know. "
                f"Nothing was started. Remove the option, or put the official Pulumi on PATH and run `make up` again."
            )
    option = options.get("virtualenv")
    return root / str(option) if option else None


def choose(root: Path, options: Mapping[str, Any], environment: Mapping[str, str]) -> Interpreter:
    """
    The interpreter of a project or pack at this folder.

    Raises: SettingsError when its virtual environment is not there, MissingToolError when no Python is on PATH.
    """
    virtualenv = virtualenv_of(root, options)
    if virtualenv is None:
        return ambient(environment)
    executable = virtualenv / "bin" / "python"
    if not executable.is_file():
        raise SettingsError(
            f"{root}: runtime.options.virtualenv names {virtualenv}, which is not a virtual environment. "
            f"Nothing was started. Make it with `pulumi install` (in Flotilla's own checkout: `make up`)."
        )
    return Interpreter(executable, virtualenv)


def ambient(environment: Mapping[str, str]) -> Interpreter:
    """
    The Python on PATH, or the one that PULUMI_PYTHON_CMD names.
    """
    path = environment.get("PATH")
    for name in filter(None, (environment.get("PULUMI_PYTHON_CMD"), "python3", "python")):
        found = shutil.which(name, path=path)
        if found:
            prefix = Path(found).parent.parent
            return Interpreter(Path(found), prefix if (prefix / "pyvenv.cfg").is_file() else None)
    raise MissingToolError("PATH: no python3 is on it. The program was not started. Install Python 3.11 or newer.")
