"""
HTTP around a site: one thread and one request per connection, one log line per request, and a stop that loses nothing.

The ingress keeps connections to clients open; between it and the product each request has its own.
"""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
import time
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from ledger.http import Site
from ledger.log import log

CONNECTIONS_MAXIMUM = 128
TIMEOUT_S = 30
GRACE_S = 1.0


class Server(socketserver.ThreadingMixIn, WSGIServer):
    """
    Serves a site on every address of its container, at most 128 requests at once; further ones wait to be accepted.
    """

    daemon_threads = False  # closing waits for the requests in flight
    request_queue_size = 128

    def __init__(self, port: int, site: Site) -> None:
        self._free = threading.BoundedSemaphore(CONNECTIONS_MAXIMUM)
        super().__init__(("0.0.0.0", port), Connection)  # noqa: S104 - a container's own address
        self.set_app(site)

    def server_bind(self) -> None:
        """
        Take the port, without asking the DNS for a name.
        """
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]
        self.setup_environ()

    def stop(self) -> None:
        """
        Answer what still comes for a second, then what was accepted by then, and end. Called from another thread.
        """
        time.sleep(GRACE_S)
        self.shutdown()
        self.socket.setblocking(False)
        while self._is_accepting():
            pass
        self.server_close()

    def _is_accepting(self) -> bool:
        """
        Take one connection that the kernel has accepted already: closing the socket would reset it.
        """
        try:
            request, client_address = self.get_request()
        except OSError:
            return False
        request.setblocking(True)
        self.process_request(request, client_address)
        return True

    def process_request(self, request: Any, client_address: Any) -> None:
        """
        Hand a connection to a thread of its own, once one is free.
        """
        self._free.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """
        One connection, from its request to its end.
        """
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """
        A client that went away is no error; anything else is logged.
        """
        del request, client_address
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            log("error", error=f"{type(error).__name__}: {error}")


class Connection(WSGIRequestHandler):
    """
    Reads one request and writes the site's response.
    """

    timeout = TIMEOUT_S
    server_version = "ledger"
    sys_version = ""
    wbufsize = -1  # an answer leaves in one piece
    disable_nagle_algorithm = True

    def handle(self) -> None:
        """
        Answer the request, and let the client read the answer even if it is not done sending.
        """
        super().handle()
        self.wfile.flush()
        self._drain()

    def parse_request(self) -> bool:
        """
        Called when the first line has arrived.
        """
        self._started = time.perf_counter()
        return super().parse_request()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """
        Refuse what is not HTTP with a status line, which for HTTP/0.9 there would not be.
        """
        self.request_version = self.protocol_version
        super().send_error(code, message, explain)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """
        One line per request, without its query: people search for names.
        """
        del size
        spent_ms = round((time.perf_counter() - getattr(self, "_started", time.perf_counter())) * 1000, 1)
        path = getattr(self, "path", "").partition("?")[0]
        log("request", method=getattr(self, "command", None), path=path, status=int(code), ms=spent_ms)

    def log_message(self, format: str, *args: Any) -> None:
        """
        Other events, such as a time-out.
        """
        log("http", message=format % args)

    def _drain(self) -> None:
        """
        Closing a connection with unread bytes would reset it, and the answer with it.
        """
        self.connection.settimeout(0.5)
        try:
            self.connection.shutdown(socket.SHUT_WR)
            for _ in range(64):
                if not self.connection.recv(16384):
                    return
        except OSError:
            return
