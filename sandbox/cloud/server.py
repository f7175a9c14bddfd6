"""
The cloud daemon: all emulated services of an instance in one process, each on its port of the instance's address.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from typing import Any

from ops.errors import FlotillaError, MissingToolError
from sandbox.addresses import CLOUDFLARE_PORT, DNS_PORT, DOH_PORT, HETZNER_PORT, ZONE
from sandbox.cloud.serving import Server, listen, server
from sandbox.cloud.store import Store
from sandbox.instance import Instance

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


def _servers(instance: Instance, store: Store) -> list[tuple[Server, socket.socket]]:
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
    return [(server(app, **options), listen(instance.services_ip, port)) for port, app, options in services]


def _dns(instance: Instance, store: Store) -> Any:
    """
    The name server, and its zone.
    """
    from sandbox.cloud.cloudflare.zones import seed_zone
    from sandbox.cloud.dns.server import DnsServer

    seed_zone(store, ZONE)
    return DnsServer(store, instance.services_ip, DNS_PORT)


async def _serve(servers: list[tuple[Server, socket.socket]], dns: Any) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        for each, _ in servers:
            each.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    dns.start()
    try:
        await asyncio.gather(*(each.serve(sockets=[listener]) for each, listener in servers))
    finally:
        dns.stop()


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
