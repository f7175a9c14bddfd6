"""
What can be done with the records of a zone; each function is one operation of the API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.cloud.cloudflare.conflicts import conflict
from sandbox.cloud.cloudflare.envelope import ApiError, missing, unreadable_body, unroutable
from sandbox.cloud.cloudflare.state import IDENTIFIER, RECORD, new_id, now, records_of, touch
from sandbox.cloud.cloudflare.validation import record_from
from sandbox.cloud.store import Document, Store

Body = Mapping[str, Any]

WRITABLE = ("name", "type", "content", "data", "priority", "proxied", "ttl", "private_routing", "settings", "comment", "tags")
RECORD_GONE = (81044, "Record does not exist.")
BATCH_ORDER = ("deletes", "patches", "puts", "posts")


def find_record(store: Store, zone: Document, record_id: str, path: str) -> Document:
    """
    The record with this identifier in this zone.

    Raises: ApiError where there is none; `path` is what the client asked for.
    """
    if not IDENTIFIER.fullmatch(record_id):
        raise unroutable(path)
    record = store.get(RECORD, record_id)
    if record is None or record["zone_id"] != zone["id"]:
        raise ApiError(404, RECORD_GONE)
    return record


def create_record(store: Store, zone: Document, body: Body) -> Document:
    """
    A new record.
    """
    record = record_from(body, zone["name"])
    return _put(store, zone, {"id": new_id(), **record, "created_on": now()})


def overwrite_record(store: Store, zone: Document, old: Document, body: Body) -> Document:
    """
    The record replaced whole: what the body leaves out goes back to its default.
    """
    record = record_from(body, zone["name"])
    return _put(store, zone, {"id": old["id"], **record, "created_on": old["created_on"]}, old)


def edit_record(store: Store, zone: Document, old: Document, body: Body) -> Document:
    """
    The record with only those fields changed that the body names.
    """
    kept = {field: old[field] for field in WRITABLE if field in old}
    return overwrite_record(store, zone, old, {**kept, **body})


def delete_record(store: Store, zone: Document, record: Document) -> Document:
    """
    The record that is there no more.
    """
    with store.transaction():
        _must_exist(store, record)
        store.delete(RECORD, record["id"])
        touch(store, zone)
    return record


def run_batch(store: Store, zone: Document, body: Body, path: str) -> dict[str, list[Document] | None]:
    """
    Deletes, patches, puts and posts in this order, all of them or none.
    """

    def named(entry: Body) -> Document:
        return find_record(store, zone, _identifier(entry), path)

    operations: dict[str, Callable[[Body], Document]] = {
        "deletes": lambda entry: delete_record(store, zone, named(entry)),
        "patches": lambda entry: edit_record(store, zone, named(entry), entry),
        "puts": lambda entry: overwrite_record(store, zone, named(entry), entry),
        "posts": lambda entry: create_record(store, zone, entry),
    }
    results: dict[str, list[Document] | None] = {}
    with store.transaction():
        for verb in BATCH_ORDER:
            entries = _entries(body, verb)
            results[verb] = None if entries is None else [operations[verb](entry) for entry in entries]
    return results


def _entries(body: Body, verb: str) -> list[Body] | None:
    entries = body.get(verb)
    if entries is None:
        return None
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise unreadable_body()
    return entries


def _identifier(entry: Body) -> str:
    if not isinstance(entry.get("id"), str):
        raise missing("id")
    return str(entry["id"])


def _must_exist(store: Store, record: Document) -> None:
    """
    Refuse to change what another request has deleted since this one found it.
    """
    if store.get(RECORD, record["id"]) is None:
        raise ApiError(404, RECORD_GONE)


def _put(store: Store, zone: Document, record: Document, old: Document | None = None) -> Document:
    """
    Store the record, unless it cannot stand beside the others of its zone.
    """
    changed = {**record, "zone_id": zone["id"], "modified_on": now()}
    for field in ("comment", "tags"):
        stamp = f"{field}_modified_on"
        if changed[field] and old is not None and old[field] == changed[field]:
            changed[stamp] = old[stamp]
        elif changed[field]:
            changed[stamp] = changed["modified_on"]
    with store.transaction():
        if old is not None:
            _must_exist(store, old)
        others = (other for other in records_of(store, zone["id"]) if other["id"] != record["id"])
        problem = conflict(changed, others, zone["name"])
        if problem is not None:
            raise problem
        touch(store, zone)
        return store.put(RECORD, changed["id"], changed)
