"""
The Hetzner Cloud API as one FastAPI application below /v1.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
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
    return application(Cloud(store, machines), token)


def application(cloud: Cloud, token: str) -> FastAPI:
    """
    The API of a cloud. It may be started again after it was stopped, also with another store and other machines in the cloud.
    """

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        recovery = Recovery(cloud)
        recovery.start()
        yield
        recovery.stop()
        await run_in_threadpool(cloud.jobs.stop, STOP_S)

    return framed(_routes(cloud), token, running)


def _routes(cloud: Cloud) -> APIRouter:
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
