"""
What needs no machine: SSH keys, placement groups.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from fastapi import APIRouter, Response

from sandbox.cloud.hetzner import labels, requests
from sandbox.cloud.hetzner.cloud import Cloud
from sandbox.cloud.hetzner.errors import in_use, invalid_input, refused
from sandbox.cloud.hetzner.reading import add_reading
from sandbox.cloud.hetzner.views import Views
from sandbox.cloud.store import Document

SPREAD_LIMIT = 10  # Source: docs.hetzner.com/cloud/placement-groups/faq, read 2026-11
KEY_TYPES = ("ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-")


def ssh_key_routes(cloud: Cloud, views: Views) -> APIRouter:
    """
    SSH keys.
    """
    router = APIRouter()
    filters = {"fingerprint": lambda row: row["fingerprint"]}
    add_reading(router, "ssh_keys", "ssh_key", lambda: cloud.store.list("ssh_key"), views.plain, filters)

    @router.post("/ssh_keys", status_code=201)
    def create(body: requests.SshKey) -> Any:
        public_key = body.public_key.strip()
        digest = fingerprint(public_key)
        with cloud.store.transaction():
            cloud.check_unique("ssh_key", "name", body.name)
            cloud.check_unique("ssh_key", "fingerprint", digest)
            document = cloud.add(
                "ssh_key", name=body.name, fingerprint=digest, public_key=public_key, labels=labels.checked(body.labels)
            )
        return {"ssh_key": document}

    @router.put("/ssh_keys/{id:int}")
    def update(id: int, body: requests.Update) -> Any:
        return {"ssh_key": renamed(cloud, "ssh_key", id, body)}

    @router.delete("/ssh_keys/{id:int}")
    def delete(id: int) -> Response:
        cloud.require("ssh_key", id)
        cloud.store.delete("ssh_key", id)
        return Response(status_code=204)

    return router


def placement_group_routes(cloud: Cloud, views: Views) -> APIRouter:
    """
    Placement groups; the sandbox has one host, so they are kept and change nothing.
    """
    router = APIRouter()
    filters = {"type": lambda row: row["type"]}
    add_reading(
        router, "placement_groups", "placement_group", lambda: cloud.store.list("placement_group"),
        views.placement_group, filters,
    )  # fmt: skip

    @router.post("/placement_groups", status_code=201)
    def create(body: requests.PlacementGroup) -> Any:
        with cloud.store.transaction():
            cloud.check_unique("placement_group", "name", body.name)
            document = cloud.add("placement_group", name=body.name, type=body.type, labels=labels.checked(body.labels))
        return {"placement_group": views.placement_group(document), "action": None}

    @router.put("/placement_groups/{id:int}")
    def update(id: int, body: requests.Update) -> Any:
        return {"placement_group": views.placement_group(renamed(cloud, "placement_group", id, body))}

    @router.delete("/placement_groups/{id:int}")
    def delete(id: int) -> Response:
        cloud.require("placement_group", id)
        if cloud.servers_of("placement_group", id):
            raise in_use("placement group still has servers")
        cloud.store.delete("placement_group", id)
        return Response(status_code=204)

    return router


def check_room(cloud: Cloud, placement_group: int) -> None:
    """
    Raises: HetznerError (not_found, placement_error) for a placement group that cannot take one more server.
    """
    group = cloud.require("placement_group", placement_group)
    if len(cloud.servers_of("placement_group", placement_group)) >= SPREAD_LIMIT:
        fact = f"placement group {group['name']} has {SPREAD_LIMIT} servers, and a spread group takes no more"
        raise refused("placement_error", fact, 409)


def renamed(cloud: Cloud, kind: str, id: int, body: requests.Update | requests.ServerUpdate, **fields: Any) -> Document:
    """
    A document with a new name and labels where the request gives them, and with other fields.

    Raises: HetznerError (not_found, uniqueness_error, invalid_input).
    """
    with cloud.store.transaction():
        cloud.require(kind, id)
        if body.name is not None:
            cloud.check_unique(kind, "name", body.name, except_id=id)
            fields["name"] = body.name
        if body.labels is not None:
            fields["labels"] = labels.checked(body.labels)
        return cloud.change(kind, id, **fields)


def fingerprint(public_key: str) -> str:
    """
    The MD5 fingerprint of a public key, as the API shows it.

    Raises: HetznerError (invalid_input) for what is no public key.
    """
    parts = public_key.split()
    try:
        if len(parts) < 2 or not parts[0].startswith(KEY_TYPES) or "\n" in public_key:
            raise ValueError
        blob = base64.b64decode(parts[1], validate=True)
    except (ValueError, binascii.Error):
        raise invalid_input("public_key", "SSH key is not valid") from None
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[index : index + 2] for index in range(0, len(digest), 2))
