"""
Requests and responses, without sockets.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Protocol

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Request:
    """
    One request, with its whole body. `headers` have lower-case names; `client` is the address that the ingress saw.
    """

    method: str
    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    client: str = ""


@dataclass(frozen=True, kw_only=True)
class Response:
    """
    One response, with its whole body.
    """

    status: HTTPStatus = HTTPStatus.OK
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)


class Application(Protocol):
    """
    What answers requests. While `is_stopping`, it is not healthy.
    """

    is_stopping: bool

    def respond(self, request: Request) -> Response:
        """
        The answer to a request.
        """


def json_response(document: object, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None) -> Response:
    """
    A JSON document.
    """
    body = json.dumps(document).encode() + b"\n"
    return Response(status=status, body=body, content_type="application/json", headers=headers or {})
