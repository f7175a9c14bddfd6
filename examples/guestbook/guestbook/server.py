"""
HTTP/1.1 around the app: keep-alive, limits, one log line per request, and a stop that finishes what it has begun.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from guestbook.app import SECURITY_HEADERS, App, Request, Response, refusal
from guestbook.log import log

BODY_MAXIMUM_BYTES = 16 * 1024
CONNECTIONS_MAXIMUM = 512
IDLE_TIMEOUT_S = 65
GRACE_S = 1.0
THREAD_STACK_BYTES = 256 * 1024


class Server(ThreadingHTTPServer):
    """
    Serves the app with one thread per connection, at most 512 at once; further ones wait to be accepted.
    """

    daemon_threads = False  # a stop waits for the requests in flight
    request_queue_size = 256
    address_family = socket.AF_INET

    def __init__(self, address: tuple[str, int], app: App) -> None:
        threading.stack_size(THREAD_STACK_BYTES)
        self.app = app
        self._idle: set[socket.socket] = set()
        self._idle_lock = threading.Lock()
        self._is_idle_closed = False
        self._free = threading.BoundedSemaphore(CONNECTIONS_MAXIMUM)
        super().__init__(address, ConnectionHandler)

    def stop(self) -> None:
        """
        Accept nothing more, answer what comes over open connections for another second with `Connection: close`, then close
        those that wait for a next request. Ending them at once would lose the requests that are on their way. Requests in
        flight finish: `server_close` waits for them. Called from another thread.
        """
        self.app.is_stopping = True
        self.shutdown()
        self._accept_waiting()
        time.sleep(GRACE_S)
        with self._idle_lock:
            self._is_idle_closed = True
            for connection in self._idle:
                _stop_reading(connection)

    def _accept_waiting(self) -> None:
        """
        Take the connections that the kernel has accepted already: closing the socket would reset them.
        """
        self.socket.setblocking(False)
        while True:
            try:
                request, client_address = self.get_request()
            except OSError:
                return
            self.process_request(request, client_address)

    def mark_idle(self, connection: socket.socket, *, is_idle: bool) -> None:
        """
        Say whether this connection waits for a next request.
        """
        with self._idle_lock:
            (self._idle.add if is_idle else self._idle.discard)(connection)
            if is_idle and self._is_idle_closed:
                _stop_reading(connection)

    def process_request(self, request: Any, client_address: Any) -> None:
        """
        Hand a new connection to a thread of its own, once one is free.
        """
        self._free.acquire()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """
        One connection, from its first request to its end.
        """
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.mark_idle(request, is_idle=False)
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """
        A client that went away is no error; anything else is logged.
        """
        error = sys.exc_info()[1]
        if not isinstance(error, ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


def _stop_reading(connection: socket.socket) -> None:
    """
    End a connection as its client sees it between two requests; a request that has arrived already is still answered.
    """
    try:
        connection.shutdown(socket.SHUT_RD)
    except OSError:
        return  # closed by the client meanwhile


class ConnectionHandler(BaseHTTPRequestHandler):
    """
    Reads requests from one connection and writes the app's responses.
    """

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_TIMEOUT_S
    wbufsize = -1  # a response leaves in one piece
    disable_nagle_algorithm = True

    def version_string(self) -> str:
        """
        The `Server` header: no versions.
        """
        return "guestbook"

    def handle_one_request(self) -> None:
        """
        Wait for the next request and answer it.
        """
        self.server.mark_idle(self.connection, is_idle=True)
        super().handle_one_request()

    def parse_request(self) -> bool:
        """
        Called when the first line has arrived: from here on the request is in flight.
        """
        self.server.mark_idle(self.connection, is_idle=False)
        self._started = time.perf_counter()
        is_parsed = super().parse_request()
        if is_parsed and self.request_version == "HTTP/0.9":
            self.send_error(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
            return False
        return is_parsed

    def _answer(self) -> None:
        body = self._body()
        response = body if isinstance(body, Response) else self._respond(body)
        if self.server.app.is_stopping:
            self.close_connection = True
        self._send(response)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _answer  # noqa: N815

    def _respond(self, body: bytes) -> Response:
        content_type = self.headers.get("Content-Type", "")
        return self.server.app.respond(Request(method=self.command, target=self.path, content_type=content_type, body=body))

    def _body(self) -> bytes | Response:
        """
        The request's body, or why it is refused. What was not read would be taken for the next request, so the connection ends.
        """
        lengths = self.headers.get_all("Content-Length", [])
        if self.headers.get("Transfer-Encoding") is not None or (self.command == "POST" and not lengths):
            return self._refuse(HTTPStatus.LENGTH_REQUIRED, "Send the length of the form.")
        if not lengths:
            return b""
        if len(lengths) > 1 or not (lengths[0].isascii() and lengths[0].isdigit()):
            return self._refuse(HTTPStatus.BAD_REQUEST, "The length of the form cannot be read.")
        if len(lengths[0]) > 9 or int(lengths[0]) > BODY_MAXIMUM_BYTES:
            return self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A form has at most {BODY_MAXIMUM_BYTES} bytes.")
        body = self.rfile.read(int(lengths[0]))
        if len(body) < int(lengths[0]):
            return self._refuse(HTTPStatus.BAD_REQUEST, "The form ended early.")
        return body

    def _refuse(self, status: HTTPStatus, advice: str) -> Response:
        self.close_connection = True
        return refusal(status, advice)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        headers = {"Content-Type": response.content_type, "Content-Length": str(len(response.body)), **SECURITY_HEADERS}
        for name, value in (headers | response.headers).items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """
        Refuse what is not HTTP, in the same form as everything else.
        """
        del explain
        self.command = getattr(self, "command", None) or "GET"
        self.request_version = self.protocol_version  # or there would be no status line at all
        self._send(self._refuse(HTTPStatus(code), message or "This request cannot be read."))

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """
        One line per request on standard output, as JSON: nothing in it can forge another line.
        """
        del size
        spent_ms = round((time.perf_counter() - getattr(self, "_started", time.perf_counter())) * 1000, 1)
        log(method=self.command, target=getattr(self, "path", ""), status=int(code), ms=spent_ms)

    def log_message(self, format: str, *args: Any) -> None:
        """
        Other events, such as a time-out, as JSON too.
        """
        log(event=format % args)
