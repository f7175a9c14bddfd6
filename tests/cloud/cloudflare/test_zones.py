"""
Zones, through the official client.
"""

from __future__ import annotations

import httpx
import pytest
from cloudflare import Cloudflare

from sandbox.cloud.cloudflare.zones import seed_zone
from sandbox.cloud.store import Store


def test_the_seeded_zone_is_found_by_name(client: Cloudflare, zone_id: str) -> None:
    """A program that knows the zone's name finds its id, and the zone is active."""
    [zone] = list(client.zones.list(name="flotilla.test"))
    assert (zone.id, zone.name, zone.status, zone.type) == (zone_id, "flotilla.test", "active", "full")
    assert client.zones.get(zone_id=zone_id) == zone


def test_seeding_twice_makes_one_zone(store: Store) -> None:
    """A second start of the sandbox keeps the zone and its id."""
    assert seed_zone(store, "Flotilla.test") == seed_zone(store, "flotilla.test")


def test_an_unknown_name_gives_an_empty_list(client: Cloudflare, zone_id: str) -> None:
    """A zone that is not there is no error of the list."""
    assert list(client.zones.list(name="other.test")) == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"name": "contains:LOTI"}, ["flotilla.test"]),
        ({"name": "starts_with:zeta"}, ["zeta.test"]),
        ({"name": "ends_with_case_sensitive:.TEST"}, []),
        ({"name": "not_equal:flotilla.test"}, ["zeta.test"]),
        ({"name": "sounds_like:flotilla"}, []),
        ({"status": "pending"}, []),
        ({"status": "pending", "name": "zeta.test", "match": "any"}, ["zeta.test"]),
        ({"direction": "desc"}, ["zeta.test", "flotilla.test"]),
        ({"account.name": "Sandbox", "type": "full,partial"}, ["flotilla.test", "zeta.test"]),
        ({"match": "any"}, ["flotilla.test", "zeta.test"]),
    ],
)
def test_zones_are_filtered_as_asked(client: Cloudflare, store: Store, filters: dict[str, str], found: list[str]) -> None:
    """Operators, status, match and direction of the list work as Cloudflare documents them."""
    for name in ("zeta.test", "flotilla.test"):
        seed_zone(store, name)
    assert [zone.name for zone in client.zones.list(extra_query=filters)] == found


def test_the_client_pages_through_all_zones(client: Cloudflare, store: Store) -> None:
    """With pages of two, five zones arrive once each."""
    names = [f"zone{number}.test" for number in range(5)]
    for name in names:
        seed_zone(store, name)
    assert [zone.name for zone in client.zones.list(per_page=2)] == names


def test_result_info_counts(client: Cloudflare, store: Store, base_url: str) -> None:
    """The provider reads total_pages and total_count."""
    for number in range(3):
        seed_zone(store, f"zone{number}.test")
    answer = httpx.get(f"{base_url}/zones?per_page=2&page=2", headers=client.auth_headers).json()
    assert answer["result_info"] == {"page": 2, "per_page": 2, "count": 1, "total_count": 3, "total_pages": 2}
    assert "serial" not in answer["result"][0]
