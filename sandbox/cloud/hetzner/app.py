"""
The Hetzner Cloud API as one FastAPI application below /v1.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.concurrency import run_in_threadpool

from sandbox.cloud.hetzner import (
    firewalls,
    floating_ips,
    load_balancer_actions,
    load_balancers,
    networks,
    offers,
    primary_ips,
    server_actions,
    servers,
    small,
    volumes,
)
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.frame import framed
from sandbox.cloud.hetzner.reading import add_actions
from sandbox.cloud.hetzner.recovery import Recovery
from sandbox.cloud.hetzner.views import Views
from sandbox.cloud.machines.machines import Machines
from sandbox.cloud.store import Store

STOP_S = 8.0


def create_app(store: Store, machines: Machines, token: str) -> FastAPI:
    """
    The emulated API of one project. While it runs it keeps the machines in step with the documents.
    """
    cloud = Cloud(store, machines)

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        stop = start(cloud)
        yield
        await run_in_threadpool(stop)

    return framed(routes(cloud), token, running)


def start(cloud: Cloud) -> Callable[[], None]:
    """
    Keep the machines of a cloud in step with its documents. Returns what ends that, and waits for what runs.
    """
    recovery = Recovery(cloud)
    recovery.start()

    def stop() -> None:
        recovery.stop()
        cloud.jobs.stop(STOP_S)

    return stop


def routes(cloud: Cloud) -> APIRouter:
    """
    The API of a cloud.
    """
    views = Views(cloud)
    router = APIRouter()
    add_actions(router, cloud)
    router.include_router(offers.routes())
    router.include_router(small.ssh_key_routes(cloud, views))
    router.include_router(small.placement_group_routes(cloud, views))
    router.include_router(networks.routes(cloud, views))
    router.include_router(firewalls.routes(cloud, views))
    router.include_router(volumes.routes(cloud, views))
    router.include_router(primary_ips.routes(cloud, views))
    router.include_router(servers.routes(cloud, views))
    router.include_router(server_actions.routes(cloud))
    router.include_router(floating_ips.routes(cloud, views))
    router.include_router(load_balancers.routes(cloud, views))
    router.include_router(load_balancer_actions.routes(cloud))
    return router
