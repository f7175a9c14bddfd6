"""
The HTTP side of the emulator: paths, token, envelope.
"""

import hmac
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from sandbox.cloud.cloudflare.envelope import ApiError, Envelope, page_of, success, unreadable_body, unroutable
from sandbox.cloud.cloudflare.filters import page_number, select_records
from sandbox.cloud.cloudflare.records import (
    create_record,
    delete_record,
    edit_record,
    find_record,
    overwrite_record,
    run_batch,
)
from sandbox.cloud.cloudflare.state import ZONE, records_of, shown
from sandbox.cloud.cloudflare.zones import find_zone, select_zones
from sandbox.cloud.store import Document, Store

BASE_PATH = "/client/v4"
ACTOR_ID = "7d0f1a52c9be4f6b8a13e4d5c6b7a890"

ZONES_PER_PAGE, ZONES_PER_PAGE_MAX = 20, 50
RECORDS_PER_PAGE, RECORDS_PER_PAGE_MAX = 100, 5_000_000
LAST_PAGE = 2**31

Json = Annotated[Any, Body()]


def create_app(store: Store, token: str) -> FastAPI:
    """
    The emulator over this store; every request but `/healthz` must bring the token.
    """
    app = FastAPI(title="Cloudflare API v4 (sandbox)", openapi_url=None)
    app.add_exception_handler(ApiError, _refusal)
    app.add_exception_handler(RequestValidationError, _refusal)
    app.add_exception_handler(HTTPException, _refusal)

    @app.get("/healthz")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    guarded = APIRouter(prefix=BASE_PATH, dependencies=[Depends(_Guard(token))])
    _add_tokens(guarded)
    _add_zones(guarded, store)
    _add_records(guarded, store)
    app.include_router(guarded)
    return app


class _Guard:
    """
    Lets a request through that brings the token.
    """

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def __call__(self, request: Request) -> None:
        header = request.headers.get("authorization")
        if header is None:
            raise ApiError(400, (9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers"))
        scheme, _, given = header.partition(" ")
        if scheme.lower() != "bearer" or not given.strip():
            raise ApiError(400, (6003, "Invalid request headers"), chain=(6111, "Invalid format for Authorization header"))
        if not hmac.compare_digest(given.strip().encode(), self._token):
            if request.url.path.endswith("/user/tokens/verify"):
                raise ApiError(401, (1000, "Invalid API Token"))
            raise ApiError(403, (10000, "Authentication error"))


def _refusal(request: Request, error: Exception) -> JSONResponse:
    """
    Any error in Cloudflare's envelope, also those that the web framework finds.
    """
    if isinstance(error, ApiError):
        return error.response()
    if isinstance(error, HTTPException) and error.status_code == 405:
        return ApiError(405, (10405, "Method not allowed for this authentication scheme")).response()
    if isinstance(error, HTTPException) and error.status_code != 400:
        return unroutable(request.url.path).response()
    return unreadable_body().response()


def _object(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise unreadable_body()
    return body


def _add_tokens(router: APIRouter) -> None:
    @router.get("/user/tokens/verify")
    def verify() -> Envelope:
        message = {"code": 10000, "message": "This API Token is valid and active", "type": None}
        return success({"id": ACTOR_ID, "status": "active"}, [message])


def _add_zones(router: APIRouter, store: Store) -> None:
    @router.get("/zones")
    def list_zones(request: Request) -> Envelope:
        filters = request.query_params
        page = page_number(filters, "page", 1, LAST_PAGE)
        per_page = page_number(filters, "per_page", ZONES_PER_PAGE, ZONES_PER_PAGE_MAX)
        return page_of([shown(zone) for zone in select_zones(store.list(ZONE), filters)], page, per_page)

    @router.get("/zones/{zone_id}")
    def get_zone(zone_id: str, request: Request) -> Envelope:
        return success(shown(find_zone(store, zone_id, request.url.path)))


def _add_records(router: APIRouter, store: Store) -> None:
    def zone_of(zone_id: str, request: Request) -> Document:
        return find_zone(store, zone_id, request.url.path)

    def record_of(record_id: str, request: Request, zone: Annotated[Document, Depends(zone_of)]) -> Document:
        return find_record(store, zone, record_id, request.url.path)

    Zone = Annotated[Document, Depends(zone_of)]  # noqa: N806
    Record = Annotated[Document, Depends(record_of)]  # noqa: N806
    all_records, one_record = "/zones/{zone_id}/dns_records", "/zones/{zone_id}/dns_records/{record_id}"

    @router.get(all_records)
    def list_records(zone: Zone, request: Request) -> Envelope:
        filters = request.query_params
        page = page_number(filters, "page", 1, LAST_PAGE)
        per_page = page_number(filters, "per_page", RECORDS_PER_PAGE, RECORDS_PER_PAGE_MAX)
        found = select_records(records_of(store, zone["id"]), filters)
        return page_of([shown(record) for record in found], page, per_page)

    @router.post(all_records)
    def create(zone: Zone, body: Json = None) -> Envelope:
        return success(shown(create_record(store, zone, _object(body))))

    @router.post(f"{all_records}/batch")
    def batch(zone: Zone, request: Request, body: Json = None) -> Envelope:
        results = run_batch(store, zone, _object(body), request.url.path)
        return success({verb: found and [shown(record) for record in found] for verb, found in results.items()})

    @router.get(one_record)
    def get(record: Record) -> Envelope:
        return success(shown(record))

    @router.put(one_record)
    def overwrite(zone: Zone, record: Record, body: Json = None) -> Envelope:
        return success(shown(overwrite_record(store, zone, record, _object(body))))

    @router.patch(one_record)
    def edit(zone: Zone, record: Record, body: Json = None) -> Envelope:
        return success(shown(edit_record(store, zone, record, _object(body))))

    @router.delete(one_record)
    def delete(zone: Zone, record: Record) -> Envelope:
        return success({"id": delete_record(store, zone, record)["id"]})
