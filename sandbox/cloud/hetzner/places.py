"""
Finding what a request names in the catalogue, by id or name.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from sandbox.cloud.hetzner import catalog
from sandbox.cloud.hetzner.errors import invalid_input
from sandbox.cloud.store import Document

DEFAULT_LOCATION = "fsn1"


def named(entries: Iterable[Document], field: str, id_or_name: int | str) -> Document:
    """
    Raises: HetznerError (invalid_input) where the catalogue has no such entry.
    """
    for entry in entries:
        if str(entry["id"]) == str(id_or_name) or entry["name"] == id_or_name:
            return entry
    raise invalid_input(field, f"{field.replace('_', ' ')} '{id_or_name}' does not exist")


def location_named(id_or_name: int | str) -> Document:
    """
    Raises: HetznerError (invalid_input).
    """
    return named(catalog.LOCATIONS, "location", id_or_name)


def chosen_location(location: int | str | None, datacenter: int | str | None) -> str:
    """
    The location that a request asks for, Falkenstein when it does not say.

    Raises: HetznerError (invalid_input).
    """
    if location is not None:
        return str(location_named(location)["name"])
    if datacenter is not None:
        return str(named(catalog.datacenters(), "datacenter", datacenter)["location"]["name"])
    return DEFAULT_LOCATION


def server_type_named(id_or_name: int | str, location: str) -> Document:
    """
    A server type that can be had in this location today.

    Raises: HetznerError (invalid_input).
    """
    offer = named(catalog.SERVER_TYPES, "server_type", id_or_name)
    place = next((row for row in offer["locations"] if row["name"] == location), None)
    gone = place and place["deprecation"]
    if place is None or (gone and datetime.fromisoformat(gone["unavailable_after"]) < datetime.now(UTC)):
        raise invalid_input("server_type", f"unsupported location for server type: {offer['name']} in {location}")
    return offer


def server_type_of(server: Document) -> Document:
    """
    The type that a server has, also when it can no longer be ordered.
    """
    return named(catalog.SERVER_TYPES, "server_type", server["server_type"])


def image_named(id_or_name: int | str, architecture: str) -> Document:
    """
    The image for a server type's architecture.

    Raises: HetznerError (invalid_input).
    """
    fitting = [image for image in catalog.IMAGES if image["architecture"] == architecture]
    return named(fitting, "image", id_or_name)
