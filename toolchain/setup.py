"""
Sets up a checkout: `.venv`, the Pulumi engine, `.flotilla/toolchain/bin`, the stand-in plugins. Quick when all is there.

Run by the system's Python before anything is installed: `python3 toolchain/setup.py`. Standard library only.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = (3, 11)

sys.path[0] = str(CHECKOUT)  # it was this folder, whose modules must not be found as top-level ones

from ops.errors import FlotillaError, MissingToolError  # noqa: E402  the path has to be right first


def main() -> int:
    """
    The exit code; an error is one line on standard error.
    """
    try:
        refuse_old_python()
        set_up()
    except FlotillaError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def refuse_old_python() -> None:
    """
    Raises: MissingToolError, before any module is imported that an older Python could not even read.
    """
    if sys.version_info < OLDEST_PYTHON:
        found = ".".join(map(str, sys.version_info[:3]))
        raise MissingToolError(
            f"{sys.executable}: it is Python {found}, and Flotilla needs 3.11 or newer. Nothing was set up. "
            f"Install a newer Python, put it first on PATH, and run `make up` again."
        )


def set_up() -> None:
    """
    All steps; two runs in one checkout wait for each other.
    """
    from ops.progress import say
    from toolchain import engine, layout, pulumi_home, virtualenv
    from toolchain.cache import Cache, locked

    home = CHECKOUT / ".flotilla"
    home.mkdir(mode=0o700, exist_ok=True)
    with locked(home / "toolchain" / "lock"):
        python = virtualenv.provide(CHECKOUT, os.environ)
        used = engine.provide(Cache.of_user(os.environ), os.environ)
        layout.lay(used, CHECKOUT)
        (home / "pulumi").mkdir(exist_ok=True)  # the state and PULUMI_HOME that env.sh names
        pulumi_home.make(home / "pulumi-home")
        lay_stand_ins(python, home / "pulumi-home")
    say(f"  ready  Pulumi {used.version} ({used.origin}), Python packages, plugins")


def lay_stand_ins(python: Path, pulumi_home: Path) -> None:
    """
    Put the stand-in plugins where the official ones are not; which those are, the plugins' own installer decides.

    Raises: FlotillaError
    """
    code = "import sys, pathlib; from sandbox.plugins.install import install; install(*map(pathlib.Path, sys.argv[1:]))"
    command = [str(python), "-c", code, str(pulumi_home), str(python)]
    if (CHECKOUT / "sandbox" / "plugins" / "install.py").is_file():
        process = subprocess.run(command, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True, check=False)
        if process.returncode != 0:
            said = "\n    ".join(process.stderr.strip().splitlines()[-3:])
            raise FlotillaError(
                f"{pulumi_home}: the stand-in plugins could not be put there. The sandbox cannot be used. "
                f"Mend what it says and run `make up` again:\n    {said}"
            )


if __name__ == "__main__":
    sys.exit(main())
