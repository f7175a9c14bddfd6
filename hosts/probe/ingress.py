"""
What HAProxy was told, and what its files say: after a restart only the files count.
"""

from __future__ import annotations

import csv
import fcntl
import os
import re
import socket
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

from hosts.probe.reading import UnreadableError, entries, text_of

CONFIGURATION = "/etc/flotilla/haproxy"
SOCKET = "/run/flotilla/haproxy/runtime.sock"
LOCK = "/run/flotilla/haproxy.lock"
BASE = "base.cfg"
TIMEOUT_S = 5.0
_WEIGHT = re.compile(r"^ *server-template ([a-z]+) \d+ .* weight (\d+)", re.MULTILINE)
_VERSION = re.compile(r"^ *description:? (\S+)", re.MULTILINE)


def haproxy() -> dict[str, Any] | None:
    """
    `files` is {backend: {slot: weight}}, `running` {backend: {server: weight}}, `serving` {backend: how many of its servers
    are up}, and `versions` those of what all backends share: in the file, and loaded. None where no traffic comes in.

    Raises: UnreadableError where HAProxy does not answer, or its traffic is being switched just now.
    """
    if not os.path.exists(f"{CONFIGURATION}/{BASE}"):  # noqa: PTH110
        return None
    with _quiet():
        stat = _ask("show stat")
        return {
            "files": {path.stem: weights(text_of(path)) for path in entries(CONFIGURATION, ".cfg") if path.name != BASE},
            "running": running(stat),
            "serving": serving(stat),
            "versions": [version(text_of(f"{CONFIGURATION}/{BASE}")), version(_ask("show info").lower())],
        }


def weights(configuration: str) -> dict[str, int]:
    """
    The weight of each slot in a backend's file.
    """
    return {slot: int(weight) for slot, weight in _WEIGHT.findall(configuration)}


def running(stat: str) -> dict[str, dict[str, int]]:
    """
    The weight of each server of each backend in HAProxy's answer to `show stat`.
    """
    found: dict[str, dict[str, int]] = {}
    for row in _servers(stat):
        found.setdefault(row["pxname"], {})[row["svname"]] = int(row["weight"] or 0)
    return found


def serving(stat: str) -> dict[str, int]:
    """
    How many servers of each backend are up and get requests, in HAProxy's answer to `show stat`.
    """
    found: dict[str, int] = {}
    for row in _servers(stat):
        is_serving = row["status"].startswith("UP") and int(row["weight"] or 0) > 0
        found[row["pxname"]] = found.get(row["pxname"], 0) + is_serving
    return found


def _servers(stat: str) -> Iterator[dict[str, str]]:
    rows = csv.DictReader(stat.lstrip("# ").splitlines())
    return (row for row in rows if row["svname"] not in ("FRONTEND", "BACKEND"))


def version(text: str) -> str:
    """
    What a configuration, or a running HAProxy, says that it is.
    """
    found = _VERSION.search(text)
    return found[1] if found else ""


def _quiet() -> Any:
    """
    As long as it is open, nobody switches traffic. Where nobody has since the server started, there is nothing to hold.
    """
    if not os.path.exists(LOCK):  # noqa: PTH110
        return nullcontext()
    lock = open(LOCK, encoding="utf-8")  # noqa: SIM115, PTH123 - closed by whoever reads
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise UnreadableError("traffic is being switched just now") from None
    return lock


def _ask(command: str) -> str:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT_S)
            connection.connect(SOCKET)
            connection.sendall(f"{command}\n".encode())
            parts = []
            while part := connection.recv(65_536):
                parts.append(part)
    except OSError as error:
        raise UnreadableError(f"HAProxy does not answer ({error.strerror or type(error).__name__})") from None
    return b"".join(parts).decode(errors="replace")
