"""
Which ports of an address are taken, and by whom.
"""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sandbox.addresses import TCP_PORTS, UDP_PORTS

KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
LISTENING = "0A"  # state column of /proc/net/tcp; UDP sockets have 07
V4_MAPPED = "0000FFFF" if sys.byteorder == "big" else "FFFF0000"  # the third word of ::ffff:a.b.c.d


@dataclass(frozen=True)
class Taken:
    """
    A port that cannot be bound, and the process that holds it where that can be told.
    """

    address: str
    port: int
    protocol: str
    holder: str | None

    def __str__(self) -> str:
        return f"{self.address}:{self.port}/{self.protocol}" + (f" (held by {self.holder})" if self.holder else "")


def taken(address: str) -> list[Taken]:
    """
    The service ports that somebody already holds on this address.
    """
    wanted = [("tcp", port) for port in TCP_PORTS] + [("udp", port) for port in UDP_PORTS]
    busy = [(protocol, port) for protocol, port in wanted if not is_free(address, port, protocol)]
    return [Taken(address, port, protocol, holder(address, port, protocol)) for protocol, port in busy]


def is_free(address: str, port: int, protocol: str = "tcp") -> bool:
    """
    True when a service could listen there now. Connections that are only winding down do not count.
    """
    with socket.socket(socket.AF_INET, KINDS[protocol]) as probe:
        if protocol == "tcp":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
    return True


def holder(address: str, port: int, protocol: str = "tcp") -> str | None:
    """
    `name (pid N)` of a process that listens there, or on that port of every address; None where it is not ours to see.
    """
    inodes = set(_listening_inodes(address, port, protocol))
    for entry in Path("/proc").iterdir():
        if inodes and entry.name.isdigit() and not inodes.isdisjoint(_socket_inodes(entry)):
            return f"{_name(entry)} (pid {entry.name})"
    return None


def _listening_inodes(address: str, port: int, protocol: str) -> Iterable[str]:
    four = f"{int.from_bytes(socket.inet_aton(address), sys.byteorder):08X}"
    addresses = {four, "0" * 8, "0" * 32, f"0000000000000000{V4_MAPPED}{four}"}
    for table in (Path("/proc/net", protocol), Path("/proc/net", f"{protocol}6")):
        try:
            rows = [line.split() for line in table.read_text().splitlines()[1:]]
        except OSError:
            continue
        for row in rows:
            local_address, _, local_port = row[1].partition(":")
            is_listening = protocol == "udp" or row[3] == LISTENING
            if is_listening and local_address in addresses and int(local_port, 16) == port:
                yield row[9]


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a process that just ended"


def _socket_inodes(process: Path) -> set[str]:
    """
    Inode numbers of the sockets that a process has open; none where it is gone or somebody else's.
    """
    try:
        links = list((process / "fd").iterdir())
    except OSError:
        return set()
    targets = [_target(link) for link in links]
    return {target[8:-1] for target in targets if target.startswith("socket:[")}


def _target(link: Path) -> str:
    """
    What a descriptor is open on; "" where it was closed since it was listed.
    """
    try:
        return str(link.readlink())
    except OSError:
        return ""
