"""
The cloud daemon: all emulated services of an instance in one process, each on its port of the instance's address.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from ops.errors import FlotillaError, MissingToolError
from sandbox.addresses import CLOUDFLARE_PORT, DNS_PORT, DOH_PORT, HETZNER_PORT, ZONE
from sandbox.cloud.store import Store
from sandbox.instance import Instance

BACKLOG = 128
GRACE_S = 3
HEALTH_PATH = "/healthz"

log = logging.getLogger("sandbox.cloud")


def run(instance: Instance) -> None:
    """
    Serve until SIGTERM or SIGINT. Machines go on running: they are the cloud's, not the daemon's.

    Raises: FlotillaError when a port is taken or a secret is missing; MissingToolError when Docker does not answer.
    """
    _configure_logging()
    store = Store(instance.database)
    servers = _servers(instance, store)
    log.info("instance %s on %s", instance.id, instance.services_ip)
    asyncio.run(_serve(servers, _dns(instance, store)))
    store.close()
    log.info("stopped")


def _servers(instance: Instance, store: Store) -> list[tuple[uvicorn.Server, socket.socket]]:
    """
    The HTTP services with their sockets, which are bound before anything is started.
    """
    from sandbox.cloud.cloudflare import app as cloudflare
    from sandbox.cloud.dns import doh
    from sandbox.cloud.hetzner import app as hetzner
    from sandbox.cloud.machines import Machines

    tls = {"ssl_certfile": instance.services_certificate, "ssl_keyfile": instance.services_key}
    services: list[tuple[int, Any, dict[str, Any]]] = [
        (HETZNER_PORT, hetzner.create_app(store, Machines(instance, _docker()), _secret(instance.hcloud_token_file)), {}),
        (CLOUDFLARE_PORT, cloudflare.create_app(store, _secret(instance.cloudflare_token_file)), {}),
        (DOH_PORT, doh.create_app(store), tls),
    ]
    return [(_server(app, **options), _listen(instance.services_ip, port)) for port, app, options in services]


def _dns(instance: Instance, store: Store) -> Any:
    """
    The name server, and its zone.
    """
    from sandbox.cloud.cloudflare.zones import seed_zone
    from sandbox.cloud.dns.server import DnsServer

    seed_zone(store, ZONE)
    return DnsServer(store, instance.services_ip, DNS_PORT)


async def _serve(servers: list[tuple[uvicorn.Server, socket.socket]], dns: Any) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for server, _ in servers:
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    dns.start()
    try:
        await asyncio.gather(*(server.serve(sockets=[listener]) for server, listener in servers))
    finally:
        dns.stop()


class _Server(uvicorn.Server):
    """
    One of several servers in a process: signals are the process's matter.
    """

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: Any, **options: Any) -> uvicorn.Server:
    settings: dict[str, Any] = {
        "log_config": None,
        "access_log": True,
        "server_header": False,
        "timeout_graceful_shutdown": GRACE_S,
    }
    return _Server(uvicorn.Config(app, **settings, **options))


def _listen(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # else asyncio leaves Nagle on: 40 ms each
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        raise FlotillaError(
            f"{address}:{port}: {error.strerror}. The sandbox cloud was not started. "
            f"Stop what listens there, then run `flotilla sandbox start`."
        ) from error
    listener.listen(BACKLOG)
    return listener


def _secret(path: Any) -> str:
    try:
        return str(path.read_text().strip())
    except FileNotFoundError:
        raise FlotillaError(
            f"{path}: missing. The sandbox cloud was not started. Run `flotilla sandbox start`: it makes the file."
        ) from None


def _docker() -> Any:
    from sandbox import docker_host

    client = docker_host.connect()
    if client is None:
        raise MissingToolError(
            "Docker: no daemon answers. The sandbox cloud was not started. Run `flotilla sandbox start`: it starts one."
        )
    return client


class _Quiet(logging.Filter):
    """
    Keeps health probes out of the access log.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        return HEALTH_PATH not in record.getMessage()


def _configure_logging() -> None:
    """
    One line per request, on standard output. Requests' headers, where the tokens are, are never logged.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("uvicorn.access").addFilter(_Quiet())
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
