"""
The routes that every kind of resource has: list, get, and its actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request

from sandbox.cloud.hetzner.errors import not_found
from sandbox.cloud.hetzner.listing import Read, page_of
from sandbox.cloud.store import Document

if TYPE_CHECKING:
    from sandbox.cloud.hetzner.cloud import Cloud

ACTION_FILTERS: Mapping[str, Read] = {"status": lambda action: action["status"], "id": lambda action: action["id"]}


def add_reading(
    router: APIRouter,
    plural: str,
    kind: str,
    read: Callable[[], list[Document]],
    show: Callable[[Document], Document],
    filters: Mapping[str, Read] | None = None,
) -> None:
    """
    `GET /<plural>` with filters, label selector, order and pages, and `GET /<plural>/<id>`.
    """
    accepted: dict[str, Read] = {"name": lambda document: document.get("name"), **(filters or {})}

    @router.get(f"/{plural}")
    def list_all(request: Request) -> Any:
        documents, meta = page_of(request.query_params, read(), accepted)
        return {plural: [show(document) for document in documents], "meta": meta}

    @router.get(f"/{plural}/{{id:int}}")
    def get(id: int) -> Any:
        found = [document for document in read() if document["id"] == id]
        if not found:
            raise not_found(kind, id)
        return {kind: show(found[0])}


def add_actions(router: APIRouter, cloud: Cloud, plural: str | None = None, kind: str | None = None) -> None:
    """
    Lists of actions and single ones: of one resource, of a kind, or (without a kind) of the whole project.
    """

    def of(*resource: Any) -> list[Document]:
        """
        Actions whose resources include this kind, or this kind and id.
        """
        return [
            action
            for action in cloud.store.list("action")
            if kind is None or any((row["type"], row["id"])[: len(resource)] == resource for row in action["resources"])
        ]

    def page(request: Request, actions: list[Document]) -> Any:
        documents, meta = page_of(request.query_params, actions, ACTION_FILTERS)
        return {"actions": documents, "meta": meta}

    base = f"/{plural}" if plural else ""

    @router.get(f"{base}/actions")
    def list_actions(request: Request) -> Any:
        return page(request, of(kind))

    @router.get(f"{base}/actions/{{action_id:int}}")
    def get_action(action_id: int) -> Any:
        return {"action": cloud.require("action", action_id)}

    if kind is None:
        return

    @router.get(f"{base}/{{id:int}}/actions")
    def list_actions_of(id: int, request: Request) -> Any:
        cloud.require(kind, id)
        return page(request, of(kind, id))

    @router.get(f"{base}/{{id:int}}/actions/{{action_id:int}}")
    def get_action_of(id: int, action_id: int) -> Any:
        found = [action for action in of(kind, id) if action["id"] == action_id]
        if not found:
            raise not_found("action", action_id)
        return {"action": found[0]}
