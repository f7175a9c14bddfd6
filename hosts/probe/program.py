"""
The probe's program: every section on its own, some at a time, and one document at the end.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hosts.probe import access, containers, databases, exposure, ingress, logs, machine, services, updates
from hosts.probe.reading import UnreadableError

VERSION = 1
AT_ONCE = 6

SECTIONS: dict[str, Callable[[], Any]] = {
    "updates": updates.updates,
    "suid": exposure.suid,
    "docker": containers.docker,
    "postgresql": databases.postgresql,
    "sshd": access.sshd,
    "units": services.units,
    "firewall": exposure.firewall,
    "listening": exposure.listening,
    "fail2ban": exposure.fail2ban,
    "system": machine.system,
    "disks": machine.disks,
    "clock": machine.clock,
    "reboot": updates.reboot,
    "host_keys": access.host_keys,
    "accounts": access.accounts,
    "sudo": access.sudo,
    "sysctl": exposure.sysctl,
    "measures": databases.measures,
    "declaration": databases.declaration,
    "haproxy": ingress.haproxy,
}
"""The slow ones first, so that they are not waited for at the end."""
LOGS = "logs"
"""A section that only who asks for it gets: it reads what was written since a moment."""


def read(name: str, since_s: float = 0.0) -> dict[str, Any]:
    """
    One section, or why it is not there.
    """
    try:
        return {"data": logs.logs(since_s) if name == LOGS else SECTIONS[name]()}
    except UnreadableError as error:
        return {"error": str(error)}
    except Exception as error:  # whatever it is, the other sections are told all the same
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"}


def document(names: Iterable[str], since_s: float = 0.0) -> dict[str, Any]:
    """
    The whole document, with these sections. `since_s`: what logs are read from, in seconds since 1970.
    """
    asked = set(names)
    wanted = [name for name in (*SECTIONS, LOGS) if name in asked]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        sections = dict(zip(wanted, pool.map(lambda name: read(name, since_s), wanted), strict=True))
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return {
        "version": VERSION,
        "time_s": time.time(),
        "cpu_s": round(sum(usage.ru_utime + usage.ru_stime for usage in used), 3),
        "sections": sections,
    }


def main(names: Iterable[str], since_s: float = 0.0) -> None:
    """
    Print it.
    """
    sys.stdout.write(json.dumps(document(names, since_s), separators=(",", ":")) + "\n")
