"""
DNS over HTTPS (RFC 8484): `curl --doh-url` and browsers resolve the sandbox's names without a change to the system's resolver.
"""

import base64
import binascii
from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from sandbox.cloud.dns.message import STREAM_SIZE, respond
from sandbox.cloud.dns.zones import read_zones
from sandbox.cloud.store import Store

PATH = "/dns-query"
MEDIA_TYPE = "application/dns-message"
HEADERS = {"cache-control": "max-age=0"}  # the store answers live: an HTTP cache must not


def create_app(store: Store) -> FastAPI:
    """
    The resolver as a web application; serve it over TLS.
    """
    app = FastAPI(title="DNS over HTTPS (sandbox)", openapi_url=None)

    @app.get(PATH)
    def get(dns: Annotated[str, Query()] = "") -> Response:
        packet = _decoded(dns)
        return _answer(store, packet) if packet is not None else _refusal(400, "the parameter dns is no base64url")

    @app.post(PATH)
    async def post(request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
            return _refusal(415, f"the content type must be {MEDIA_TYPE}")
        packet = bytearray()
        async for chunk in request.stream():
            packet += chunk
            if len(packet) > STREAM_SIZE:
                return _refusal(413, f"a DNS message has at most {STREAM_SIZE} bytes")
        return await run_in_threadpool(_answer, store, bytes(packet))

    return app


def _answer(store: Store, packet: bytes) -> Response:
    reply = respond(packet, lambda: read_zones(store), is_datagram=False)
    if reply is None:
        return _refusal(400, "the body is no DNS query")
    return Response(reply, media_type=MEDIA_TYPE, headers=HEADERS)


def _refusal(status: int, reason: str) -> Response:
    return Response(f"{reason}\n", status, media_type="text/plain")


def _decoded(text: str) -> bytes | None:
    """
    The bytes of an unpadded base64url text, None where it is none.
    """
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
