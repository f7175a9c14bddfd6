"""
What Hetzner Cloud offers, for everybody to read: needs no project, no machines and no store.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from sandbox.cloud.hetzner import balancer_types, catalog
from sandbox.cloud.hetzner.reading import add_reading
from sandbox.cloud.store import Document


def routes() -> APIRouter:
    """
    Locations, data centers, server types, images and prices; and the kinds that are empty here but that clients list.
    """
    router = APIRouter()
    image_filters = {name: lambda row, name=name: row[name] for name in ("architecture", "type", "status")}
    add_reading(router, "locations", "location", lambda: catalog.LOCATIONS, _plain)
    add_reading(router, "datacenters", "datacenter", catalog.datacenters, _plain)
    add_reading(router, "server_types", "server_type", lambda: catalog.SERVER_TYPES, _plain)
    add_reading(router, "load_balancer_types", "load_balancer_type", lambda: balancer_types.TYPES, _plain)
    add_reading(router, "images", "image", lambda: catalog.IMAGES, _plain, image_filters)
    for plural in ("isos", "certificates"):
        add_reading(router, plural, plural.removesuffix("s"), list, _plain)

    @router.get("/pricing")
    def pricing() -> Any:
        balancers = [{key: row[key] for key in ("id", "name", "prices")} for row in balancer_types.TYPES]
        return {"pricing": {**catalog.pricing(), "load_balancer_types": balancers}}

    return router


def _plain(document: Document) -> Document:
    return document
