"""
What the app answers: requests in, responses out, no sockets.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from guestbook.database import DatabaseError
from guestbook.entries import Entries, Entry
from guestbook.pages import CONTENT_SECURITY_POLICY, Form, book_page, error_page

LIMITS = {"name": 60, "message": 1000}
SHOWN_ENTRIES = 100
FORM_TYPE = "application/x-www-form-urlencoded"
FORM_FIELDS_MAXIMUM = 10
HTML = "text/html; charset=utf-8"
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """
    One request, with its whole body.
    """

    method: str
    target: str
    content_type: str = ""
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Response:
    """
    One response, with its whole body.
    """

    status: HTTPStatus
    body: bytes = b""
    content_type: str = HTML
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Request], Response]


class App:
    """
    The guestbook over these entries. `is_stopping` makes it unhealthy, so that no new requests are sent to it.
    """

    def __init__(self, entries: Entries, *, title: str, release: str) -> None:
        self.entries = entries
        self.title = title
        self.release = release
        self.is_stopping = False
        self._routes: dict[str, dict[str, Handler]] = {
            "/": {"GET": self._show, "POST": self._write},
            "/up": {"GET": self._health},
            "/version": {"GET": self._version},
        }

    def respond(self, request: Request) -> Response:
        """
        The answer to a request; a database that does not answer gives 503, never an exception.
        """
        handlers = self._routes.get(urlsplit(request.target).path)
        if handlers is None:
            return refusal(HTTPStatus.NOT_FOUND, "There is no such page.")
        handler = handlers.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            allowed = ", ".join(sorted({"HEAD", *handlers}))
            return refusal(HTTPStatus.METHOD_NOT_ALLOWED, f"This page answers {allowed}.", {"Allow": allowed})
        try:
            return handler(request)
        except DatabaseError as error:
            return refusal(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"The database does not answer ({error}). Try again in a moment.",
                {"Retry-After": "5"},
            )

    def _show(self, _request: Request) -> Response:
        return self._book(HTTPStatus.OK, Form())

    def _write(self, request: Request) -> Response:
        if request.content_type.partition(";")[0].strip().lower() != FORM_TYPE:
            return refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Send the form as {FORM_TYPE}.")
        try:
            form = read_form(request.body)
        except ValueError:
            return refusal(HTTPStatus.BAD_REQUEST, "The form cannot be read.")
        if form.errors:
            return self._book(HTTPStatus.UNPROCESSABLE_ENTITY, form)
        self.entries.add(Entry(name=form.name, message=form.message, written_at=datetime.now(UTC)))
        return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": "/"})

    def _book(self, status: HTTPStatus, form: Form) -> Response:
        page = book_page(self.title, self.entries.latest(SHOWN_ENTRIES), self.entries.count(), form, LIMITS)
        return Response(status=status, body=page.encode())

    def _health(self, _request: Request) -> Response:
        if self.is_stopping:
            return Response(status=HTTPStatus.SERVICE_UNAVAILABLE, body=b"stopping\n", content_type="text/plain")
        self.entries.check()
        return Response(status=HTTPStatus.OK, body=b"ok\n", content_type="text/plain")

    def _version(self, _request: Request) -> Response:
        facts = {"release": self.release, "hostname": socket.gethostname()}
        return Response(status=HTTPStatus.OK, body=json.dumps(facts).encode() + b"\n", content_type="application/json")


def refusal(status: HTTPStatus, advice: str, headers: dict[str, str] | None = None) -> Response:
    """
    A page that says why there is no other answer.
    """
    return Response(status=status, body=error_page(status, status.phrase, advice).encode(), headers=headers or {})


def read_form(body: bytes) -> Form:
    """
    The form that a browser sent, with what is wrong in it.

    Raises: ValueError if it is not a form at all.
    """
    values = parse_qs(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=FORM_FIELDS_MAXIMUM)
    texts = {name: _clean(values.get(name, [""])[0]) for name in LIMITS}
    errors = {name: error for name, text in texts.items() if (error := _error(name, text))}
    return Form(name=texts["name"], message=texts["message"], errors=errors)


def _clean(text: str) -> str:
    """
    The text with plain line ends and without control characters.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join("".join(c if c.isprintable() else " " for c in line).rstrip() for line in lines).strip()


def _error(name: str, text: str) -> str:
    if not text:
        return f"Please write your {name}."
    if len(text) > LIMITS[name]:
        return f"Please keep your {name} under {LIMITS[name]} characters; these are {len(text)}."
    return ""
