"""
Taken ports and who holds them.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from sandbox import ports

ADDRESS = "127.10.251.1"


def test_free_address_has_no_taken_port() -> None:
    """Nothing listens, nothing is reported."""
    assert ports.taken(ADDRESS) == []


def test_taken_ports_name_their_holder() -> None:
    """TCP and UDP alike: address, port, protocol, and the process as a person knows it."""
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
        stream.bind((ADDRESS, 5000))
        stream.listen()
        datagram.bind((ADDRESS, 5353))
        found = ports.taken(ADDRESS)
    me = f"{Path('/proc/self/comm').read_text().strip()} (pid {os.getpid()})"
    assert [str(row) for row in found] == [f"{ADDRESS}:5000/tcp (held by {me})", f"{ADDRESS}:5353/udp (held by {me})"]


def test_port_of_a_service_that_just_ended_is_free() -> None:
    """Connections that only wind down do not keep a sandbox from starting again."""
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as every server does
        server.bind((ADDRESS, 8001))
        server.listen()
        client = socket.create_connection((ADDRESS, 8001))
        accepted, _ = server.accept()
        accepted.close()  # the server closes first: its side stays in TIME_WAIT
        client.close()
    assert ports.is_free(ADDRESS, 8001)


def test_wildcard_listener_takes_the_port_of_every_address() -> None:
    """A program that listens everywhere is found as well."""
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))  # noqa: S104  what is tested
        other.listen()
        assert not ports.is_free(ADDRESS, other.getsockname()[1])
