"""
Where the emulator keeps zones and records, and the identifiers it gives them.

A document is what the API answers, plus what the API does not show: `zone_id` of a record, `serial` of a zone.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

from sandbox.cloud.store import Document, Store

ZONE = "cloudflare.zone"
RECORD = "cloudflare.record"
SERIAL = "cloudflare.serial"

HIDDEN = frozenset({"zone_id", "serial"})
IDENTIFIER = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    """
    An identifier as Cloudflare makes them: 32 hexadecimal digits.
    """
    return secrets.token_hex(16)


def now() -> str:
    """
    The time as Cloudflare writes it.
    """
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def shown(document: Document) -> Document:
    """
    The document as the API answers it.
    """
    return {key: value for key, value in document.items() if key not in HIDDEN}


def records_of(store: Store, zone_id: str) -> list[Document]:
    """
    Every record of a zone, oldest first.
    """
    records = [record for record in store.list(RECORD) if record["zone_id"] == zone_id]
    return sorted(records, key=lambda record: (record["created_on"], record["id"]))


def touch(store: Store, zone: Document) -> None:
    """
    Give the zone a new serial number, as each change of its records does.
    """
    store.put(ZONE, zone["id"], {**zone, "serial": store.next_id(SERIAL), "modified_on": now()})
