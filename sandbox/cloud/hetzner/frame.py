"""
What is around the API's routes: the token, the errors in the API's own words, and whether it is well.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from sandbox.cloud.hetzner.errors import HetznerError, unauthorized

BASE_PATH = "/v1"


def framed(routes: APIRouter, token: str, lifespan: Any = None) -> FastAPI:
    """
    An application that answers these routes to who brings the token.
    """
    app = FastAPI(title="Hetzner Cloud (sandbox)", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def healthz() -> Any:
        return {"status": "ok"}

    app.include_router(routes, prefix=BASE_PATH)
    _check_tokens(app, token)
    _word_errors(app)
    return app


def _check_tokens(app: FastAPI, token: str) -> None:
    expected = f"Bearer {token}".encode()

    @app.middleware("http")
    async def check(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        given = request.headers.get("authorization", "").encode()
        if request.url.path.startswith(BASE_PATH) and not hmac.compare_digest(given, expected):
            return _response(unauthorized())
        return await call_next(request)


def _word_errors(app: FastAPI) -> None:
    """
    Every error in the API's own words.
    """

    @app.exception_handler(HetznerError)
    def refused(_: Request, error: HetznerError) -> Response:
        return _response(error)

    @app.exception_handler(HTTPException)
    def http(_: Request, error: HTTPException) -> Response:
        code = (
            "not_found" if error.status_code == 404 else "method_not_allowed" if error.status_code == 405 else "unknown_error"
        )
        return _response(HetznerError(error.status_code, code, str(error.detail)))

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> Response:
        rows = error.errors()
        if any(row["type"] == "json_invalid" for row in rows):
            return _response(HetznerError(400, "json_error", "invalid JSON in your request"))
        fields = [{"name": ".".join(str(part) for part in row["loc"][1:]) or "body", "messages": [row["msg"]]} for row in rows]
        said = "; ".join(f"{field['name']}: {field['messages'][0]}" for field in fields)
        return _response(HetznerError(422, "invalid_input", f"invalid input: {said}", {"fields": fields}))

    @app.exception_handler(Exception)
    def broken(_: Request, error: Exception) -> Response:
        return _response(HetznerError(500, "server_error", f"{type(error).__name__}: {error}"))


def _response(error: HetznerError) -> Response:
    return JSONResponse(error.body(), status_code=error.status)
