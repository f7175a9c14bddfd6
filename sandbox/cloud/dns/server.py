"""
The DNS server of the sandbox on UDP and TCP; it reads the store anew for each query, so a change shows at once.
"""

from __future__ import annotations

import logging
import socketserver
import struct
import threading
from typing import Any

from ops.errors import FlotillaError
from sandbox.cloud.dns.message import ZoneSource, respond
from sandbox.cloud.dns.zones import read_zones
from sandbox.cloud.store import Store

log = logging.getLogger("sandbox.dns")

POLL_S = 0.1
IDLE_S = 10.0
LENGTH = struct.Struct("!H")
FREE_PORT_TRIES = 20


class _Server:
    """
    What both transports share: where zones come from, and that a client's fault is a line in the log, nothing more.
    """

    allow_reuse_address = True
    zones: ZoneSource

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        log.debug("the conversation with %s broke", client_address, exc_info=True)


class _DatagramServer(_Server, socketserver.UDPServer):
    allow_reuse_address = False  # on UDP two servers could share the port, and each would get some of the queries


class _StreamServer(_Server, socketserver.ThreadingTCPServer):
    daemon_threads = True


class _DatagramHandler(socketserver.BaseRequestHandler):
    server: _DatagramServer

    def handle(self) -> None:
        packet, sender = self.request
        reply = respond(packet, self.server.zones, is_datagram=True)
        if reply is not None:
            sender.sendto(reply, self.client_address)


class _StreamHandler(socketserver.StreamRequestHandler):
    server: _StreamServer
    timeout = IDLE_S

    def handle(self) -> None:
        """
        Answer queries until the client hangs up, falls silent, or sends what deserves no answer (RFC 7766).
        """
        while len(prefix := self.rfile.read(LENGTH.size)) == LENGTH.size:
            (length,) = LENGTH.unpack(prefix)
            packet = self.rfile.read(length)
            reply = respond(packet, self.server.zones, is_datagram=False) if len(packet) == length else None
            if reply is None:
                return
            self.wfile.write(LENGTH.pack(len(reply)) + reply)


class DnsServer:
    """
    An authoritative server for every zone of the store.

    Port 0 takes a free one, the same for UDP and TCP; `port` holds it once the server is started.
    """

    def __init__(self, store: Store, address: str, port: int) -> None:
        self.address = address
        self.port = port
        self._zones: ZoneSource = lambda: read_zones(store)
        self._servers: list[_DatagramServer | _StreamServer] = []
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """
        Listen, and answer from threads of its own.

        Raises: FlotillaError where the address or port cannot be had.
        """
        datagrams, streams = self._bind()
        self._servers = [datagrams, streams]
        for server in self._servers:
            server.zones = self._zones
            thread = threading.Thread(target=server.serve_forever, args=(POLL_S,), name="dns", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """
        Stop listening; a server that is not started stays so.
        """
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()
        self._servers, self._threads = [], []

    def _bind(self) -> tuple[_DatagramServer, _StreamServer]:
        tries = 1 if self.port else FREE_PORT_TRIES
        for left in reversed(range(tries)):
            try:
                return self._bind_once()
            except OSError as error:
                if not left:
                    reason = error.strerror or str(error)
                    raise FlotillaError(
                        f"sandbox.dns: {self.address} port {self.port} cannot be listened on ({reason}). "
                        f"Names of the sandbox do not resolve. Find what uses it with: ss -lntup sport = :{self.port}"
                    ) from error
        raise AssertionError("at least one try is made")

    def _bind_once(self) -> tuple[_DatagramServer, _StreamServer]:
        datagrams = _DatagramServer((self.address, self.port), _DatagramHandler)
        port = datagrams.server_address[1]
        try:
            streams = _StreamServer((self.address, port), _StreamHandler)
        except OSError:
            datagrams.server_close()
            raise
        self.port = port
        return datagrams, streams
