"""
Running other programs: in a plain environment, as the user they are meant for, with nothing secret in their arguments.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# A day: what takes longer has been forgotten by everybody.
LONGEST_S = 86_400
LAST_LINES = 6


@dataclass(frozen=True, kw_only=True)
class Done:
    """
    How a program ended and what it said.
    """

    code: int
    output: str
    errors: str

    @property
    def words(self) -> str:
        """
        The last lines of what it said, as one line.
        """
        said = (self.errors.strip() or self.output.strip()).splitlines()
        return " / ".join(line.strip() for line in said[-LAST_LINES:]) or "no word of why"


def run(
    argv: Sequence[str],
    *,
    user: str | None = None,
    stdin: str = "",
    more: Mapping[str, str] | None = None,
    timeout_s: float = LONGEST_S,
) -> Done:
    """
    Run a program to its end. `user` is who runs it, `more` are further environment variables: never secret ones.
    """
    done = subprocess.run(
        list(argv),
        input=stdin,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=timeout_s,
        check=False,
        cwd="/",
        env={**environment(user), **(more or {})},
        **identity(user),
    )
    return Done(code=done.returncode, output=done.stdout, errors=done.stderr)


def environment(user: str | None) -> dict[str, str]:
    """
    The variables that a program gets, and no others.
    """
    home = pwd.getpwnam(user).pw_dir if user else "/root"
    return {"PATH": PATH, "LC_ALL": "C.UTF-8", "HOME": home, "TZ": "UTC"}


def identity(user: str | None) -> dict[str, Any]:
    """
    What makes a program run as somebody else, for `subprocess`. Only root can, and needs not for itself.
    """
    if user is None or os.geteuid() == pwd.getpwnam(user).pw_uid:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": os.getgrouplist(user, entry.pw_gid)}
