"""
The API: search and subscriptions, as JSON for programs and as pages for browsers without scripts.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from html import escape
from http import HTTPStatus
from urllib.parse import parse_qs

from journal.limits import Limiter
from journal.messages import HTML, Request, Response, json_response
from journal.search import Document, Search
from journal.subscriptions import Subscriptions

QUERY_MAXIMUM = 100
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}


class RefusedError(Exception):
    """
    A request that is not answered otherwise.
    """

    def __init__(self, status: HTTPStatus, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = headers


class Api:
    """
    What the API answers. `is_stopping` makes it unhealthy, so that no new requests are sent to it.
    """

    def __init__(self, search: Search, subscriptions: Subscriptions, site_origin: str, facts: Mapping[str, str]) -> None:
        self.is_stopping = False
        self.site_origin = site_origin
        self._search = search
        self._subscriptions = subscriptions
        self._facts = dict(facts)
        self._searching = Limiter(burst=20, per_s=2)
        self._subscribing = Limiter(burst=5, per_s=1 / 30)
        self._routes: dict[str, dict[str, Callable[[Request], Response]]] = {
            "/up": {"GET": self._health},
            "/version": {"GET": lambda _: json_response(self._facts)},
            "/v1/search": {"GET": self._find},
            "/v1/subscriptions": {"POST": self._subscribe},
            "/v1/unsubscribe": {"GET": self._unsubscribe_page, "POST": self._unsubscribe},
        }

    def respond(self, request: Request) -> Response:
        """
        The answer to a request; a database that does not answer gives 503, never an exception.
        """
        try:
            response = self._respond(request)
        except RefusedError as error:
            response = json_response({"error": str(error)}, error.status, error.headers)
        except sqlite3.Error as error:
            response = json_response({"error": str(error)}, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "5"})
        return Response(
            status=response.status,
            body=response.body,
            content_type=response.content_type,
            headers=HEADERS | response.headers,
        )

    def _respond(self, request: Request) -> Response:
        handlers = self._routes.get(request.path)
        if handlers is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, "There is nothing here.")
        handler = handlers.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, "Not this way.", Allow=", ".join(sorted(handlers)))
        return handler(request)

    def _health(self, _request: Request) -> Response:
        if self.is_stopping:
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "stopping")
        self._subscriptions.check()
        return json_response({"status": "ok"})

    def _find(self, request: Request) -> Response:
        _limit(self._searching, request)
        query = _fields(request.query).get("q", "").strip()
        if not 0 < len(query) <= QUERY_MAXIMUM:
            raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, f"`q` has 1 to {QUERY_MAXIMUM} characters.")
        found = self._search.find(query)
        if "text/html" in request.headers.get("accept", ""):
            return _page(f"Search: {query}", self._results(found))
        results = [
            {"title": document.title, "url": self.site_origin + document.path, "day": document.day, "summary": document.summary}
            for document in found
        ]
        return json_response({"query": query, "results": results})

    def _results(self, found: Sequence[Document]) -> str:
        items = "".join(
            f'<li><a href="{escape(self.site_origin + document.path)}">{escape(document.title)}</a>'
            f"<p>{escape(document.summary)}</p></li>"
            for document in found
        )
        back = f'<p><a href="{escape(self.site_origin)}/">All articles</a></p>'
        return (f"<ol>{items}</ol>" if found else "<p>Nothing was found.</p>") + back

    def _subscribe(self, request: Request) -> Response:
        _limit(self._subscribing, request)
        is_form = _type(request) == "application/x-www-form-urlencoded"
        if not self._subscriptions.add(_given(request).get("email", "").strip()):
            raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, "This is not a mail address.")
        if is_form:
            return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": f"{self.site_origin}/subscribed/"})
        return json_response({"status": "subscribed"}, HTTPStatus.ACCEPTED)

    def _unsubscribe_page(self, request: Request) -> Response:
        """
        What the link in a mail opens: only a person ends a subscription, not a program that follows links.
        """
        fields = _fields(request.query)
        inputs = "".join(
            f'<input type="hidden" name="{name}" value="{escape(fields.get(name, ""))}">' for name in ("email", "token")
        )
        button = '<button type="submit">Send me no more mails</button>'
        return _page("Unsubscribe", f'<form method="post" action="/v1/unsubscribe">{inputs}{button}</form>')

    def _unsubscribe(self, request: Request) -> Response:
        given = _given(request)
        if not self._subscriptions.remove(given.get("email", ""), given.get("token", "")):
            raise RefusedError(HTTPStatus.FORBIDDEN, "This link is not ours.")
        return _page("Done", "<p>You get no more mails.</p>")


def _limit(limiter: Limiter, request: Request) -> None:
    if wait_s := limiter.wait_s(request.client):
        raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, f"Ask again in {wait_s} s.", **{"Retry-After": str(wait_s)})


def _given(request: Request) -> dict[str, str]:
    """
    The texts that a form or a JSON document carries.
    """
    if _type(request) == "application/x-www-form-urlencoded":
        return _fields(request.body.decode("ascii", errors="replace"))
    if _type(request) != "application/json":
        raise RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Send a form or JSON.")
    try:
        document = json.loads(request.body)
    except (ValueError, RecursionError):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "This is not JSON.") from None
    if not isinstance(document, dict):
        raise RefusedError(HTTPStatus.BAD_REQUEST, "This is not a JSON object.")
    return {name: value for name, value in document.items() if isinstance(value, str)}


def _fields(text: str) -> dict[str, str]:
    try:
        return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True, max_num_fields=10).items()}
    except ValueError:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "The fields cannot be read.") from None


def _type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _page(title: str, body: str) -> Response:
    text = f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>\n'
    return Response(body=f"{text}<body><h1>{escape(title)}</h1>\n{body}</body></html>\n".encode(), content_type=HTML)
