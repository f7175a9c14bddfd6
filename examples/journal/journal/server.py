"""
HTTP/1.1 around an application, on one event loop: many open connections cost little, which is what a site's readers are.

Takes what an ingress sends: bodies have a length, heads are small. Everything else is refused, and the connection ends.
"""

from __future__ import annotations

import asyncio
import re
import time
import traceback
from http import HTTPStatus
from urllib.parse import unquote

from journal.log import log
from journal.messages import Application, Request, Response

HEAD_MAXIMUM_BYTES = 16 * 1024
BODY_MAXIMUM_BYTES = 16 * 1024
CONNECTIONS_MAXIMUM = 1000
IDLE_TIMEOUT_S = 65
BODY_TIMEOUT_S = 10
GRACE_S = 1.0
_START = re.compile(r"([A-Z]{3,10}) (/[\x21-\x7e]*) HTTP/1\.([01])", re.ASCII)
_FIELD = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)")


class BadRequestError(Exception):
    """
    What arrived cannot be taken for a request.
    """

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class Server:
    """
    Serves an application until it is stopped. Its answers are computed in threads where they may have to wait for a disk.
    """

    def __init__(self, application: Application, *, name: str, is_waiting: bool) -> None:
        self._application = application
        self._name = name
        self._is_waiting = is_waiting
        self._idle: set[asyncio.StreamWriter] = set()
        self._open: set[asyncio.Task[None]] = set()

    async def run(self, port: int, stop: asyncio.Event) -> None:
        """
        Answer requests until `stop` is set; then those that come within a second and those in flight, and end.
        """
        server = await asyncio.start_server(self._connect, "0.0.0.0", port, limit=HEAD_MAXIMUM_BYTES, backlog=256)  # noqa: S104
        log("listening", port=server.sockets[0].getsockname()[1], process=self._name)
        await stop.wait()
        started = time.monotonic()
        self._application.is_stopping = True
        await asyncio.sleep(GRACE_S)
        server.close()
        for writer in list(self._idle):
            writer.close()
        await asyncio.gather(*self._open)
        log("stopped", drain_s=round(time.monotonic() - started, 2))

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._open) >= CONNECTIONS_MAXIMUM:
            writer.close()
            return
        self._open.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the client went away, or said nothing for a while
        finally:
            self._open.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """
        One request and its response; False when the connection ends with it.
        """
        self._idle.add(writer)
        try:
            head = await asyncio.wait_for(_read_head(reader), IDLE_TIMEOUT_S)
        finally:
            self._idle.discard(writer)
        started = time.perf_counter()
        request, is_kept = None, False
        try:
            request, is_kept = parse(head)
            request = await _with_body(request, reader, writer)
            response = await self._respond(request)
        except BadRequestError as error:
            response, is_kept = Response(status=error.status, body=f"{error}\n".encode()), False
        is_kept = is_kept and not self._application.is_stopping
        writer.write(_render(response, self._name, is_kept=is_kept, has_body=request is None or request.method != "HEAD"))
        await writer.drain()
        method, path = (request.method, request.path) if request else ("", "")
        log("request", method=method, path=path, status=response.status, ms=round((time.perf_counter() - started) * 1000, 1))
        return is_kept

    async def _respond(self, request: Request) -> Response:
        try:
            if self._is_waiting:
                return await asyncio.to_thread(self._application.respond, request)
            return self._application.respond(request)
        except Exception:
            log("error", trace=traceback.format_exc())
            return Response(status=HTTPStatus.INTERNAL_SERVER_ERROR, body=b"This is our mistake, not yours.\n")


def parse(head: bytes) -> tuple[Request, bool]:
    """
    A request from its head, still without its body, and whether the connection goes on after it.

    Raises: BadRequestError.
    """
    if len(head) > HEAD_MAXIMUM_BYTES:
        raise BadRequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    start = _START.fullmatch(first)
    fields = [_FIELD.fullmatch(line) for line in lines]
    if start is None or not all(fields):
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    headers: dict[str, str] = {}
    for field in filter(None, fields):
        name = field[1].lower()
        if name in headers and name in {"content-length", "host", "transfer-encoding"}:
            raise BadRequestError(HTTPStatus.BAD_REQUEST)
        headers[name] = f"{headers[name]}, {field[2].strip()}" if name in headers else field[2].strip()
    path, _, query = start[2].partition("?")
    request = Request(
        method=start[1],
        path=unquote(path),
        query=query,
        headers=headers,
        # The last address is the one that our own ingress wrote; what stands before it came from the client.
        client=headers.get("x-forwarded-for", "").rpartition(",")[2].strip(),
    )
    return request, start[3] == "1" and headers.get("connection", "").lower() != "close"


async def _read_head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return b"x" * (HEAD_MAXIMUM_BYTES + 1)


async def _with_body(request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request:
    length = request.headers.get("content-length", "0")
    if "transfer-encoding" in request.headers:
        raise BadRequestError(HTTPStatus.LENGTH_REQUIRED)
    if not (length.isascii() and length.isdigit()):
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    if len(length) > 9 or int(length) > BODY_MAXIMUM_BYTES:
        raise BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if request.headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await asyncio.wait_for(reader.readexactly(int(length)), BODY_TIMEOUT_S)
    return Request(**{**vars(request), "body": body})


def _render(response: Response, name: str, *, is_kept: bool, has_body: bool) -> bytes:
    headers = {"Content-Type": response.content_type, "Server": name, **response.headers}
    if response.status is not HTTPStatus.NOT_MODIFIED:
        headers["Content-Length"] = str(len(response.body))
    if not is_kept:
        headers["Connection"] = "close"
    lines = [f"HTTP/1.1 {response.status.value} {response.status.phrase}"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (response.body if has_body else b"")
