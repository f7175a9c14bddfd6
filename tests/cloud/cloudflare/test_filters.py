"""
Filters, order and pages of the record list, through the official client.
"""

from __future__ import annotations

from typing import Any

import pytest
from cloudflare import BadRequestError, Cloudflare

RECORDS: list[dict[str, Any]] = [
    {
        "name": "www",
        "type": "A",
        "content": "127.10.1.11",
        "comment": "Front door",
        "tags": ["owner:web", "tier:one"],
        "proxied": True,
    },
    {"name": "api", "type": "A", "content": "127.10.1.12", "tags": ["owner:back"]},
    {"name": "@", "type": "TXT", "content": "v=spf1 -all", "comment": "mail"},
    {"name": "shop", "type": "CNAME", "content": "www.flotilla.test"},
]


@pytest.fixture(autouse=True)
def _records(client: Cloudflare, zone_id: str) -> None:
    for record in RECORDS:
        client.dns.records.create(zone_id=zone_id, **({"ttl": 1} | record))


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["www", "api", "shop", "@"]),
        ({"type": "A"}, ["www", "api"]),
        ({"name": {"exact": "API.flotilla.test"}}, ["api"]),
        ({"name": {"startswith": "sh"}}, ["shop"]),
        ({"name": {"endswith": ".flotilla.test"}}, ["www", "api", "shop"]),
        ({"name": {"contains": "ww"}}, ["www"]),
        ({"content": {"exact": "127.10.1.12"}}, ["api"]),
        ({"content": {"startswith": "127.10."}}, ["www", "api"]),
        ({"comment": {"present": "true"}}, ["www", "@"]),
        ({"comment": {"absent": "true"}}, ["api", "shop"]),
        ({"comment": {"contains": "front"}}, ["www"]),
        ({"tag": {"exact": "owner:web"}}, ["www"]),
        ({"tag": {"present": "owner"}}, ["www", "api"]),
        ({"tag": {"absent": "owner"}}, ["shop", "@"]),
        ({"tag": {"contains": "owner:ac"}}, ["api"]),
        ({"tag": {"exact": "owner:back", "present": "tier"}, "tag_match": "any"}, ["www", "api"]),
        ({"tag": {"exact": "owner:web", "present": "tier"}}, ["www"]),
        ({"proxied": True}, ["www"]),
        ({"search": "SPF1"}, ["@"]),
        ({"type": "A", "name": {"startswith": "shop"}}, []),
        ({"type": "A", "name": {"startswith": "shop"}, "match": "any"}, ["www", "api", "shop"]),
        ({"order": "name"}, ["api", "@", "shop", "www"]),
        ({"order": "name", "direction": "desc"}, ["www", "shop", "@", "api"]),
    ],
)
def test_records_are_filtered_as_asked(client: Cloudflare, zone_id: str, filters: dict[str, Any], names: list[str]) -> None:
    """Each filter of the client does what its documentation says, without regard to case."""
    found = client.dns.records.list(zone_id=zone_id, **filters)
    assert [(record.name.removesuffix("flotilla.test").rstrip(".") or "@") for record in found] == names


def test_a_name_without_an_operator_is_exact(client: Cloudflare, zone_id: str) -> None:
    """Older clients send `name=` alone."""
    found = client.dns.records.list(zone_id=zone_id, extra_query={"name": "api.flotilla.test"})
    assert [record.content for record in found] == ["127.10.1.12"]


def test_pages_hold_each_record_once(client: Cloudflare, zone_id: str) -> None:
    """With pages of one, all four arrive."""
    assert len({record.id for record in client.dns.records.list(zone_id=zone_id, per_page=1)}) == len(RECORDS)


@pytest.mark.parametrize("query", [{"page": "0"}, {"per_page": "nan"}, {"per_page": "many"}, {"page": "1.5"}, {"order": "age"}])
def test_a_bad_page_or_order_is_refused(client: Cloudflare, zone_id: str, query: dict[str, str]) -> None:
    """Numbers below one, and what is no number, are an error of the request."""
    with pytest.raises(BadRequestError):
        client.dns.records.list(zone_id=zone_id, extra_query=query)
