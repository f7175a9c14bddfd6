"""
What containers, services and the kernel wrote last.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from hosts.probe.containers import SOCKET
from hosts.probe.reading import UnreadableError, run

TIMEOUT_S = 10.0
LONGEST_LOG = 400_000
ALL_LOGS = 6_000_000
# Docker's frame before each piece of a container's output. Source: docs.docker.com, "Attach to a container".
FRAME = 8


class _Connection(http.client.HTTPConnection):
    def __init__(self) -> None:
        super().__init__("docker", timeout=TIMEOUT_S)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(SOCKET)


def _read(path: str) -> bytes:
    connection = _Connection()
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise UnreadableError(f"Docker answered {path.partition('?')[0]} with {answer.status}")
    return body


def text_of(frames: bytes) -> str:
    """
    The output of a container without Docker's frames, which carry its length in their last four bytes.
    """
    pieces, place = [], 0
    while place + FRAME <= len(frames):
        head = frames[place : place + FRAME]
        if head[0] > 2 or head[1:4] != b"\0\0\0":
            return frames.decode(errors="replace")  # of a terminal: there are no frames
        length = int.from_bytes(head[4:])
        pieces.append(frames[place + FRAME : place + FRAME + length])
        place += FRAME + length
    return b"".join(pieces).decode(errors="replace")


def containers(project: str | None, images: Iterable[str], lines: int, since: int) -> list[dict[str, Any]] | None:
    """
    The last lines of each container of a project (of all of them without one), and of those with one of these image labels.
    Running or not: what one said before it ended matters most. None where there is no Docker.
    """
    if not os.path.exists(SOCKET):  # noqa: PTH110
        return None
    try:
        rows = json.loads(_read("/containers/json?all=1"))
    except ConnectionRefusedError:
        return None
    wanted, found, room = set(images), [], ALL_LOGS
    for row in sorted(rows, key=lambda row: -row["Created"]):
        labels = row.get("Labels") or {}
        is_ours = project is None or labels.get("flotilla.project") == project or labels.get("flotilla.image") in wanted
        if is_ours and room > 0:
            told = {"name": row["Names"][0].lstrip("/"), "project": labels.get("flotilla.project", ""), "state": row["State"]}
            path = f"/containers/{quote(row['Id'])}/logs?stdout=1&stderr=1&timestamps=1&tail={lines}&since={since}"
            try:
                text = text_of(_read(path))[-min(LONGEST_LOG, room) :]
                found.append({**told, "text": text})
                room -= len(text)
            except (UnreadableError, OSError) as error:
                found.append({**told, "error": f"{error}"})
    return found


def journal(since: int, *options: str) -> str:
    """
    The journal since a moment, in seconds since 1970.
    """
    command = ("journalctl", "--no-pager", "--output=short-iso", f"--since=@{since}", "-n", "5000", *options)
    return run(*command, timeout_s=20, accepted=(0, 1))[-LONGEST_LOG:]
