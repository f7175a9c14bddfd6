"""
Requests and responses on top of WSGI, without sockets.
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from ledger.log import log
from ledger.storage import StorageError

BODY_MAXIMUM_BYTES = 64 * 1024
FIELDS_MAXIMUM = 100
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "ledger",
}


@dataclass(frozen=True, kw_only=True)
class Response:
    """
    One response, with its whole body.
    """

    status: HTTPStatus = HTTPStatus.OK
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


class HttpError(Exception):
    """
    The request cannot be answered otherwise; `reasons` are told to the client.
    """

    def __init__(self, status: HTTPStatus, *reasons: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(*reasons)
        self.status = status
        self.reasons = reasons
        self.headers = headers or {}


@dataclass(frozen=True, kw_only=True)
class Request:
    """
    One request, with its whole body. `headers` have lower-case names.
    """

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def parameter(self, name: str) -> str:
        """
        The first value of a name in the query.
        """
        return _fields(self.query).get(name, "")

    def cookie(self, name: str) -> str:
        """
        A cookie's value; empty if there is none that can be read.
        """
        try:
            morsel = SimpleCookie(self.headers.get("cookie", "")).get(name)
        except CookieError:
            return ""
        return morsel.value if morsel else ""

    def form(self) -> dict[str, str]:
        """
        The fields that a browser sent.
        """
        self._require_type("application/x-www-form-urlencoded")
        try:
            return _fields(self.body.decode("ascii"))
        except UnicodeDecodeError:
            raise HttpError(HTTPStatus.BAD_REQUEST, "The form cannot be read.") from None

    def json(self) -> Any:
        """
        The JSON document that a client sent.
        """
        self._require_type("application/json")
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise HttpError(HTTPStatus.BAD_REQUEST, "The body is not JSON.") from None

    def _require_type(self, wanted: str) -> None:
        if self.headers.get("content-type", "").partition(";")[0].strip().lower() != wanted:
            raise HttpError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send this as {wanted}.")


Handler = Callable[..., Response]
Route = tuple[str, str, Handler]


class Site:
    """
    A WSGI application: routes are (method, pattern of the path, handler); groups of the pattern become the handler's arguments.
    """

    def __init__(self, routes: Sequence[Route], refused: Callable[[HttpError], Response], headers: dict[str, str]) -> None:
        self._routes = [(method, re.compile(pattern, re.ASCII), handler) for method, pattern, handler in routes]
        self._refused = refused
        self._headers = SECURITY_HEADERS | headers

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """
        Answer one request. What a handler refuses, and a database that does not answer, are responses too.
        """
        try:
            response = self._respond(_request(environ))
        except HttpError as refusal:
            response = self._refused(refusal)
        except StorageError as error:
            reason = f"The books cannot be opened ({error}). Try again in a moment."
            response = self._refused(HttpError(HTTPStatus.SERVICE_UNAVAILABLE, reason, headers={"Retry-After": "5"}))
        except Exception as error:
            log("error", error=f"{type(error).__name__}: {error}", trace=traceback.format_exc())
            response = self._refused(HttpError(HTTPStatus.INTERNAL_SERVER_ERROR, "This is our mistake, not yours."))
        headers = {"Content-Type": response.content_type, "Content-Length": str(len(response.body)), **self._headers}
        start_response(f"{response.status.value} {response.status.phrase}", list((headers | response.headers).items()))
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else response.body]

    def _respond(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        matching = [(verb, handler, match) for verb, path, handler in self._routes if (match := path.fullmatch(request.path))]
        if not matching:
            raise HttpError(HTTPStatus.NOT_FOUND, "There is no such page.")
        for verb, handler, match in matching:
            if verb == method:
                return handler(request, *match.groups())
        allowed = ", ".join(sorted(verb for verb, _, _ in matching))
        raise HttpError(HTTPStatus.METHOD_NOT_ALLOWED, f"This page answers {allowed}.", headers={"Allow": allowed})


def json_response(document: object, status: HTTPStatus = HTTPStatus.OK, **headers: str) -> Response:
    """
    A JSON document.
    """
    body = json.dumps(document).encode() + b"\n"
    return Response(status=status, body=body, content_type="application/json", headers=headers)


def see_other(path: str, **headers: str) -> Response:
    """
    The page to go on with after a form.
    """
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": path, **headers})


def _request(environ: dict[str, Any]) -> Request:
    headers = {name[5:].replace("_", "-").lower(): text for name, text in environ.items() if name.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE") or ""
    return Request(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"].encode("latin-1").decode(errors="replace"),
        query=environ.get("QUERY_STRING", ""),
        headers=headers,
        body=_body(environ),
    )


def _body(environ: dict[str, Any]) -> bytes:
    length = environ.get("CONTENT_LENGTH") or ""
    if environ.get("HTTP_TRANSFER_ENCODING") or (environ["REQUEST_METHOD"] in {"POST", "PUT"} and not length):
        raise HttpError(HTTPStatus.LENGTH_REQUIRED, "Send the length of the body.")
    if not length:
        return b""
    if not (length.isascii() and length.isdigit()):
        raise HttpError(HTTPStatus.BAD_REQUEST, "The length of the body cannot be read.")
    if len(length) > 9 or int(length) > BODY_MAXIMUM_BYTES:
        raise HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A body has at most {BODY_MAXIMUM_BYTES} bytes.")
    body: bytes = environ["wsgi.input"].read(int(length))
    if len(body) < int(length):
        raise HttpError(HTTPStatus.BAD_REQUEST, "The body ended early.")
    return body


def _fields(text: str) -> dict[str, str]:
    try:
        found = parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAXIMUM)
    except ValueError:
        raise HttpError(HTTPStatus.BAD_REQUEST, "The fields cannot be read.") from None
    return {name: values[0] for name, values in found.items()}
