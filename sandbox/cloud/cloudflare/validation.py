"""
From the body of a request to a record as it is stored.

The real API refuses to proxy private and loopback addresses. The sandbox allows it, because its servers have no others, and
its DNS answers a proxied record with the address of the origin: there is no proxy to answer instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sandbox.cloud.cloudflare.contents import CONTENTS
from sandbox.cloud.cloudflare.envelope import invalid, missing, unreadable_body
from sandbox.cloud.cloudflare.names import record_name
from sandbox.cloud.store import Document

PROXIABLE = frozenset({"A", "AAAA", "CNAME"})

AUTOMATIC_TTL = 1
TTL_MIN_S = 60  # every plan but Enterprise
TTL_MAX_S = 86400

# Source: developers.cloudflare.com/dns/manage-dns-records/reference/record-attributes, limits of the Pro plan.
COMMENT_LENGTH = 500
TAGS_MAX = 20
TAG = re.compile(r"[A-Za-z0-9_-]{1,32}(:.{0,100})?")


def record_from(body: Mapping[str, Any], zone: str) -> Document:
    """
    The record that a complete body describes, without what the API itself adds (id, times).

    Raises: ApiError naming the first rule that the body breaks.
    """
    _refuse_unwritable(body)
    kind = _record_type(body)
    name = record_name(_name(body), zone)
    is_proxied = _flag(body, "proxied")
    if is_proxied and kind not in PROXIABLE:
        raise invalid(9004, "This kind of record cannot be proxied")
    return {
        "name": name,
        "type": kind,
        **CONTENTS[kind]({**body, "name": name}),
        "proxiable": kind in PROXIABLE,
        "proxied": is_proxied,
        "ttl": _ttl(body, is_proxied=is_proxied),
        **({"private_routing": True} if _flag(body, "private_routing") else {}),
        "settings": _settings(body),
        "meta": {},
        "comment": _comment(body),
        "tags": _tags(body),
    }


def _refuse_unwritable(body: Mapping[str, Any]) -> None:
    """
    Refuse text that JSON can express and UTF-8 cannot: halves of surrogate pairs.
    """
    try:
        json.dumps(dict(body), ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        raise unreadable_body() from None


def _record_type(body: Mapping[str, Any]) -> str:
    kind = body.get("type")
    if kind is None:
        raise missing("type")
    if not isinstance(kind, str) or kind.upper() not in CONTENTS:
        raise invalid(1004, f"DNS Validation Error: type must be one of {', '.join(CONTENTS)} (the sandbox serves no others).")
    return kind.upper()


def _name(body: Mapping[str, Any]) -> str:
    name = body.get("name")
    if name is None or name == "":
        raise missing("name")
    if not isinstance(name, str):
        raise invalid(9000, "DNS name is invalid.")
    return name


def _flag(body: Mapping[str, Any], field: str) -> bool:
    value = body.get(field)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise invalid(1004, f"DNS Validation Error: {field} must be true or false.")
    return value


def _ttl(body: Mapping[str, Any], *, is_proxied: bool) -> int:
    """
    Time to live in seconds, 1 for automatic; a proxied record's is always automatic, whatever the body says.
    """
    value = body.get("ttl")
    if value is None:
        return AUTOMATIC_TTL
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value == value // 1
    if not is_number or not (value == AUTOMATIC_TTL or TTL_MIN_S <= value <= TTL_MAX_S):
        raise invalid(9021, f"TTL must be between {TTL_MIN_S} and {TTL_MAX_S} seconds, or 1 for Automatic.")
    return AUTOMATIC_TTL if is_proxied else int(value)


def _settings(body: Mapping[str, Any]) -> Document:
    settings = body.get("settings")
    if settings is None:
        return {}
    if not isinstance(settings, Mapping) or not all(isinstance(value, bool | None) for value in settings.values()):
        raise invalid(1004, "DNS Validation Error: settings must be an object of true and false.")
    return {key: value for key, value in settings.items() if value is not None}


def _comment(body: Mapping[str, Any]) -> str | None:
    comment = body.get("comment")
    if comment is None or comment == "":
        return None
    if not isinstance(comment, str) or len(comment) > COMMENT_LENGTH:
        raise invalid(1004, f"DNS Validation Error: comment must be text of at most {COMMENT_LENGTH} characters.")
    return comment


def _tags(body: Mapping[str, Any]) -> list[str]:
    tags = body.get("tags")
    if tags is None:
        return []
    if not isinstance(tags, list) or not all(isinstance(tag, str) and TAG.fullmatch(tag) for tag in tags):
        raise invalid(1004, "DNS Validation Error: tags must be a list of <name>:<value>.")
    if len(tags) > TAGS_MAX:
        raise invalid(9300, f"DNS record has {len(tags)} tags, exceeding the quota of {TAGS_MAX}.")
    return sorted(set(tags))
