"""
The lock of a stack: one operation at a time changes it. It says who holds it, since when, and for what.

A holder that was killed on this machine is found out by its process, and its lock taken over. One on another machine cannot
be asked: `flotilla unlock` removes its lock, once a person has made sure.
"""

from __future__ import annotations

import getpass
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ops.errors import LockedError as LockedError
from ops.progress import say
from ops.shelf import Shelf

NAME = "lock"
# Backups are made beside everything else: they change nothing that the stack is made of.
BACKUP = "lock-backup"
# One that comes second waits: the backup server would have it wait as long (hosts/backup/main.py).
BACKUP_WAIT_S = 3600
SYNC = "lock-sync"
NAMES = (NAME, BACKUP, SYNC)
POLL_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Holder:
    """
    Who holds a lock. `boot`, `namespace` (of processes: a container has its own) and `process_start` tell a process from others
    of the same number; empty where the system does not say. `since` is ISO 8601.
    """

    operation: str
    what: str
    user: str
    host: str
    pid: int
    since: str
    boot: str = ""
    namespace: str = ""
    process_start: str = ""

    @classmethod
    def here(cls, operation: str, what: str) -> Holder:
        """
        This process, now.
        """
        return cls.of(os.getpid(), operation, what)

    @classmethod
    def of(cls, pid: int, operation: str, what: str) -> Holder:
        """
        A process of this machine, now.
        """
        return cls(
            operation=operation,
            what=what,
            user=user(),
            host=socket.gethostname(),
            pid=pid,
            since=datetime.now(UTC).isoformat(timespec="seconds"),
            boot=_boot(),
            namespace=_namespace(),
            process_start=start_of(pid) or "",
        )

    @property
    def who(self) -> str:
        """
        For people.
        """
        return f"{self.user}@{self.host} (pid {self.pid})"

    @property
    def is_gone(self) -> bool:
        """
        Whether its process is known to have ended: only of this machine, since it was started, can that be known.
        """
        return self.is_here and start_of(self.pid) != self.process_start

    @property
    def is_alive(self) -> bool:
        """
        Whether its process is known to live, on this machine.
        """
        return self.is_here and not self.is_gone

    @property
    def is_here(self) -> bool:
        """
        Whether its process is, or was, one of those that can be seen from here. Machines may share a name.
        """
        return (self.host, self.boot, self.namespace) == (socket.gethostname(), _boot(), _namespace())

    def text(self) -> bytes:
        """
        As it is kept.
        """
        return json.dumps(asdict(self)).encode()


def user() -> str:
    """
    The person, as this machine calls them; in CI, whom the job runs for.
    """
    named = next(
        (os.environ[name] for name in ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "SUDO_USER") if os.environ.get(name)), None
    )
    try:
        return named or getpass.getuser()
    except (OSError, KeyError):
        return f"uid {os.getuid()}"


def me() -> str:
    """
    The person and the machine.
    """
    return f"{user()}@{socket.gethostname()}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def start_of(pid: int) -> str | None:
    """
    When a process started, in the kernel's ticks; None where there is none. Where there is no /proc, whether it lives is all
    that is known.
    """
    if Path("/proc/self/stat").exists():
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if fields[0] in "ZX" else fields[19]
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return ""


def holder(shelf: Shelf, name: str = NAME) -> Holder | None:
    """
    Who holds the lock now.
    """
    return parsed(shelf.read(name))


def parsed(text: bytes | None) -> Holder | None:
    if text is None:
        return None
    try:
        return Holder(**json.loads(text))
    except (ValueError, TypeError):
        unknown = "unknown"
        return Holder(operation=unknown, what="an unknown operation", user=unknown, host=unknown, pid=0, since=unknown)


@contextmanager
def held(shelf: Shelf, stack: str, wanted: Holder, *, wait_s: float = 0.0, name: str = NAME) -> Iterator[Holder | None]:
    """
    Hold the lock for as long as this lasts. Yields the holder that it was taken over from, if its process is gone.

    Raises: LockedError where somebody holds it for longer than `wait_s`.
    """
    before = _take(shelf, stack, wanted, time.monotonic() + wait_s, name)
    try:
        yield before
    finally:
        shelf.swap(name, wanted.text(), None)


def _take(shelf: Shelf, stack: str, wanted: Holder, deadline: float, name: str) -> Holder | None:
    is_said = False
    while True:
        text = shelf.read(name)
        found = parsed(text)
        if found is None or found.is_gone:
            if shelf.swap(name, text, wanted.text()):
                return found
            continue
        if time.monotonic() >= deadline:
            raise LockedError(
                f"{stack}: {found.who} has been changing it since {found.since}: {found.what}. Nothing was done. Wait with "
                f"`--lock-wait 600`, or, if that process is surely gone, `flotilla unlock --stack {stack}`."
            )
        if not is_said:
            say(f"  ... waiting for {found.who}: {found.what}")
            is_said = True
        time.sleep(POLL_S)


def require_gone(shelf: Shelf, stack: str, name: str = NAME) -> bytes | None:
    """
    What the lock says; its holder is not known to live.

    Raises: LockedError where it is.
    """
    text = shelf.read(name)
    found = parsed(text)
    if found is not None and found.is_alive:
        raise LockedError(
            f"{stack}: {found.who} lives, and is changing it: {found.what}. The lock stays. End that process first, or wait."
        )
    return text


def remove(shelf: Shelf, stack: str, name: str = NAME) -> Holder | None:
    """
    Remove the lock of a holder that is gone. Returns whose it was, None where there was none.

    Raises: LockedError where its process is known to live.
    """
    text = require_gone(shelf, stack, name)
    found = parsed(text)
    if found is None:
        return None
    if not shelf.swap(name, text, None):
        raise LockedError(f"{stack}: its lock has just changed hands. Nothing was done. Look again.")
    return found
