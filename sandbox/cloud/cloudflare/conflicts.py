"""
Which records may stand beside each other under one name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.cloud.cloudflare.envelope import SAME_NAME, ApiError, invalid
from sandbox.cloud.store import Document

ADDRESSES = frozenset({"A", "AAAA"})
COMBINED_LENGTH = 8192  # error 83011 of the real API, quoted in cisagov/manage.get.gov issue 5244


def conflict(record: Document, others: Iterable[Document], zone: str) -> ApiError | None:
    """
    Why this record cannot stand beside the zone's others, or None; `others` must not hold the record itself.

    A second CNAME is reported as a conflict even where it is identical, as the real API does.
    """
    beside = [other for other in others if other["name"] == record["name"]]
    types = {other["type"] for other in beside}
    if record["type"] == "CNAME" and types & (ADDRESSES | {"CNAME"}):
        return invalid(
            81053, f"An A, AAAA, or CNAME record with that host already exists. For more details, refer to {SAME_NAME}."
        )
    if record["type"] in ADDRESSES and "CNAME" in types:
        return invalid(81054, f"A CNAME record with that host already exists. For more details, refer to {SAME_NAME}.")
    if any(_essence(other) == _essence(record) for other in beside):
        return invalid(81058, "An identical record already exists.")
    if record["name"] != zone and ("NS" in types) != (record["type"] == "NS") and beside:
        return invalid(81056, f"NS records with that host already exist. For more details, refer to {SAME_NAME}.")
    return _too_long(record, beside)


def _essence(record: Document) -> tuple[Any, ...]:
    """
    What makes two records the same to DNS: names of hosts do not differ in case, text does.
    """
    content = record["content"] if record["type"] in ("TXT", "CAA") else record["content"].lower()
    return record["type"], content, record.get("priority")


def _too_long(record: Document, beside: Iterable[Document]) -> ApiError | None:
    if record["type"] != "TXT":
        return None
    texts = [record["content"], *(other["content"] for other in beside if other["type"] == "TXT")]
    if sum(len(text.encode()) for text in texts) <= COMBINED_LENGTH:
        return None
    return invalid(83011, f"Combined content length of records with this name exceeds {COMBINED_LENGTH} characters.")
