"""
The clouds' APIs for a preview and nothing else: zones to look up and what Hetzner offers, on loopback, in this process.

No Docker, no machines, no files, no instance: it works where the sandbox does not, in CI for instance. Nothing can be made in
it, since Hetzner's side has no route that writes.
"""

from __future__ import annotations

import asyncio
import secrets
import string
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI

from ops.errors import FlotillaError
from sandbox.cloud.cloudflare import app as cloudflare
from sandbox.cloud.cloudflare.zones import seed_zone
from sandbox.cloud.hetzner import offers
from sandbox.cloud.hetzner.frame import BASE_PATH, framed
from sandbox.cloud.serving import Server, listen, server
from sandbox.cloud.store import Store

HOST = "127.0.0.1"
ANY_PORT = 0
START_TIMEOUT_S = 15.0
MEMORY = Path(":memory:")
ALPHABET = string.ascii_letters + string.digits
# The lengths that the official clients and plugins insist on.
HETZNER_TOKEN_LENGTH = 64
CLOUDFLARE_TOKEN_LENGTH = 40


@dataclass(frozen=True, kw_only=True)
class Clouds:
    """
    Where both APIs are, and tokens that they take; both end with the context.
    """

    hetzner_url: str
    cloudflare_url: str
    hetzner_token: str = field(repr=False)
    cloudflare_token: str = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """
        The same for a `pulumi preview`, in the variables that the providers read.
        """
        return {
            "HCLOUD_ENDPOINT": self.hetzner_url,
            "HCLOUD_TOKEN": self.hetzner_token,
            "CLOUDFLARE_BASE_URL": self.cloudflare_url,
            "CLOUDFLARE_API_TOKEN": self.cloudflare_token,
        }


@contextmanager
def serve(zones: Iterable[str]) -> Iterator[Clouds]:
    """
    Serve both APIs until the block ends; these are the DNS zones that can be looked up.

    Raises: FlotillaError when the servers do not come up.
    """
    store = Store(MEMORY)
    for zone in zones:
        seed_zone(store, zone)
    hetzner_token, cloudflare_token = _random(HETZNER_TOKEN_LENGTH), _random(CLOUDFLARE_TOKEN_LENGTH)
    apps = (framed(offers.routes(), hetzner_token), cloudflare.create_app(store, cloudflare_token))
    try:
        with _serving(apps) as (hetzner_url, cloudflare_url):
            yield Clouds(
                hetzner_url=hetzner_url + BASE_PATH,
                cloudflare_url=cloudflare_url + cloudflare.BASE_PATH,
                hetzner_token=hetzner_token,
                cloudflare_token=cloudflare_token,
            )
    finally:
        store.close()


@contextmanager
def _serving(apps: Iterable[FastAPI]) -> Iterator[list[str]]:
    """
    Each application on a free port of its own; gives their addresses, in this order.
    """
    listeners = [(server(app, access_log=False), listen(HOST, ANY_PORT)) for app in apps]
    servers = [each for each, _ in listeners]

    async def run() -> None:
        await asyncio.gather(*(each.serve(sockets=[listener]) for each, listener in listeners))

    thread = threading.Thread(target=asyncio.run, args=(run(),), name="offline-clouds", daemon=True)
    thread.start()
    try:
        _await_started(servers, thread)
        yield [f"http://{HOST}:{listener.getsockname()[1]}" for _, listener in listeners]
    finally:
        for each in servers:
            each.should_exit = True
        thread.join(START_TIMEOUT_S)


def _await_started(servers: Iterable[Server], thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not all(each.started for each in servers):
        if not thread.is_alive() or time.monotonic() > deadline:
            raise FlotillaError(
                f"{HOST}: the clouds for the preview did not start. Nothing was previewed. Run the command again; "
                f"`flotilla doctor` shows what this machine lacks."
            )
        time.sleep(0.005)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
