"""
The checkout's `.venv`: every package that requirements.lock pins with its hash, and the checkout itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ops.errors import FlotillaError, MissingToolError
from ops.progress import step

STAMP = ".flotilla.json"
# A copied checkout's scripts name the old path, and after an upgrade of the system another Python looks for other folders.
BINDINGS = ("checkout", "interpreter")
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet")


def provide(checkout: Path, environment: Mapping[str, str]) -> Path:
    """
    The Python of an up-to-date `.venv`; installs only what changed since the last time.

    Raises: MissingToolError, FlotillaError
    """
    virtualenv = checkout / ".venv"
    python, stamp = virtualenv / "bin" / "python", virtualenv / STAMP
    done = _read(stamp)
    wanted = fingerprint(checkout)
    if done == wanted and python.exists():
        return python
    if any(done.get(name, wanted[name]) != wanted[name] for name in BINDINGS):
        shutil.rmtree(virtualenv)
    if not python.exists():
        done = {}
        with step("make .venv"):
            _make(virtualenv, environment)
    if done.get("requirements") != wanted["requirements"]:
        with step("install requirements.lock into .venv"):
            _pip(python, ["--require-hashes", "-r", str(checkout / "requirements.lock")], checkout, environment)
    if done.get("project") != wanted["project"]:
        with step("install the checkout itself into .venv"):
            # `compat` writes a plain path file: the default import hook would cost every start of Python 12 ms.
            options = ["--no-deps", "--no-build-isolation", "--config-settings", "editable_mode=compat"]
            _pip(python, [*options, "-e", str(checkout)], checkout, environment)
    stamp.write_text(json.dumps(fingerprint(checkout)))
    return python


def fingerprint(checkout: Path) -> dict[str, str]:
    """
    What an installation was made from.
    """
    return {
        "checkout": str(checkout),
        "interpreter": str((checkout / ".venv" / "bin" / "python").resolve()),
        "requirements": hashlib.sha256((checkout / "requirements.lock").read_bytes()).hexdigest(),
        "project": hashlib.sha256((checkout / "pyproject.toml").read_bytes()).hexdigest(),
    }


def _read(stamp: Path) -> dict[str, str]:
    try:
        return dict(json.loads(stamp.read_text()))
    except (FileNotFoundError, ValueError):
        return {}


def _make(virtualenv: Path, environment: Mapping[str, str]) -> None:
    """
    Raises: MissingToolError when this Python came without its venv module and it cannot be installed here.
    """
    if not _has_venv():
        _install_venv_module(environment)
    _run([sys.executable, "-m", "venv", "--clear", str(virtualenv)], f"{virtualenv}: Python could not make it", environment)


def _has_venv() -> bool:
    answer = subprocess.run([sys.executable, "-c", "import ensurepip, venv"], capture_output=True, check=False)
    return answer.returncode == 0


def _install_venv_module(environment: Mapping[str, str]) -> None:
    """
    Debian and Ubuntu keep the module in a package of its own.
    """
    apt = shutil.which("apt-get", path=environment.get("PATH"))
    if apt and os.geteuid() == 0 and Path(sys.executable).resolve().parent == Path("/usr/bin"):
        quiet = {**environment, "DEBIAN_FRONTEND": "noninteractive"}
        with step("install python3-venv"):
            for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "python3-venv"]):
                _run([apt, *arguments], "python3-venv: apt-get could not install it", quiet)
        if _has_venv():
            return
    raise MissingToolError(
        f"{sys.executable}: this Python has no venv module. No package can be installed. "
        f"Install it (Debian and Ubuntu: `apt-get install python3-venv`) and run `make up` again."
    )


def _pip(python: Path, arguments: Sequence[str], checkout: Path, environment: Mapping[str, str]) -> None:
    if subprocess.run([python, "-c", "import pip"], capture_output=True, check=False).returncode != 0:
        _run([str(python), "-m", "ensurepip"], f"{python}: pip could not be put into it", environment)
    _run([str(python), *PIP, *arguments], f"{checkout.name}/.venv: pip could not install into it", environment)


def _run(command: Sequence[str], problem: str, environment: Mapping[str, str]) -> None:
    """
    Raises: FlotillaError with the last lines that the command printed.
    """
    process = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        said = "\n    ".join(process.stdout.strip().splitlines()[-8:])
        raise FlotillaError(f"{problem}. Nothing was started. Mend what it says and run `make up` again:\n    {said}")
