"""
The Hetzner Cloud API as one FastAPI application below /v1.
"""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from sandbox.cloud.hetzner import firewalls, networks, primary_ips, server_actions, servers, small, volumes
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.errors import HetznerError, unauthorized
from sandbox.cloud.hetzner.reading import add_actions, add_reading
from sandbox.cloud.hetzner.recovery import Recovery
from sandbox.cloud.hetzner.views import Views
from sandbox.cloud.machines.machines import Machines
from sandbox.cloud.store import Store

BASE_PATH = "/v1"
STOP_S = 8.0
NOT_YET = ("floating_ips", "load_balancers", "load_balancer_types", "certificates")  # listed by clients, empty here


def create_app(store: Store, machines: Machines, token: str) -> FastAPI:
    """
    The emulated API of one project. While it runs it keeps the machines in step with the documents.
    """
    cloud = Cloud(store, machines)
    recovery = Recovery(cloud)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        recovery.start()
        yield
        recovery.stop()
        await run_in_threadpool(cloud.jobs.stop, STOP_S)

    app = FastAPI(title="Hetzner Cloud (sandbox)", lifespan=running, docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    def healthz() -> Any:
        return {"status": "ok"}

    app.include_router(_routes(cloud), prefix=BASE_PATH)
    _check_tokens(app, token)
    _word_errors(app)
    return app


def _routes(cloud: Cloud) -> APIRouter:
    views = Views(cloud)
    router = APIRouter()
    add_actions(router, cloud)
    router.include_router(small.catalog_routes(views))
    router.include_router(small.ssh_key_routes(cloud, views))
    router.include_router(small.placement_group_routes(cloud, views))
    router.include_router(networks.routes(cloud, views))
    router.include_router(firewalls.routes(cloud, views))
    router.include_router(volumes.routes(cloud, views))
    router.include_router(primary_ips.routes(cloud, views))
    router.include_router(servers.routes(cloud, views))
    router.include_router(server_actions.routes(cloud))
    for plural in NOT_YET:
        add_reading(router, plural, plural.removesuffix("s"), list, views.plain)
    return router


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
