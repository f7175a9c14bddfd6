"""
What looking and acting have in common.
"""

from __future__ import annotations

import contextlib
import io
import subprocess
from typing import Any

PENDING = "/var/lib/flotilla/pending"
# Long enough for a package or a database cluster.
COMMAND_TIMEOUT_S = 900


def run(argv: list[str], stdin: str = "") -> subprocess.CompletedProcess[str]:
    """
    The outcome of a command, in a plain environment.
    """
    environment = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL": "C.UTF-8",
        "DEBIAN_FRONTEND": "noninteractive",
        "NEEDRESTART_MODE": "l",
    }
    return subprocess.run(
        argv,
        input=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=COMMAND_TIMEOUT_S,
        env=environment,
        cwd="/",  # where every user may be
    )


def call(source: str, name: str, data: Any, *, dry: bool) -> list[str]:
    """
    What a program changed, or would. Whatever it prints is not part of the answer.
    """
    namespace: dict[str, Any] = {"__name__": name}
    exec(compile(source, f"{name}.py", "exec"), namespace)  # noqa: S102 -- our own program, sent with this one
    with contextlib.redirect_stdout(io.StringIO()):
        return list(namespace["converge"](data, dry))
