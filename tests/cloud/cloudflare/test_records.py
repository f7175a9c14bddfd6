"""
DNS records, through the official client.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cloudflare import BadRequestError, Cloudflare, NotFoundError

from sandbox.cloud.cloudflare.app import create_app
from sandbox.cloud.cloudflare.envelope import ApiError
from sandbox.cloud.cloudflare.records import create_record, delete_record, overwrite_record
from sandbox.cloud.cloudflare.state import records_of
from sandbox.cloud.cloudflare.zones import seed_zone
from sandbox.cloud.store import Store

Body = dict[str, Any]

EACH_TYPE: list[tuple[Body, Body]] = [
    ({"type": "A", "content": "127.10.1.11"}, {"content": "127.10.1.11", "proxiable": True}),
    ({"type": "AAAA", "content": "FD00:0::1"}, {"content": "fd00::1"}),
    ({"type": "CNAME", "content": "App.flotilla.test."}, {"content": "App.flotilla.test"}),
    ({"type": "TXT", "content": '"v=spf1 -all"'}, {"content": '"v=spf1 -all"', "proxiable": False}),
    ({"type": "MX", "content": "mail.flotilla.test", "priority": 10}, {"priority": 10.0}),
    ({"type": "NS", "content": "ns1.elsewhere.test"}, {"content": "ns1.elsewhere.test"}),
    (
        {"type": "CAA", "data": {"flags": 0, "tag": "issue", "value": "ca.test"}},
        {"content": '0 issue "ca.test"'},
    ),
    (
        {"type": "SRV", "data": {"priority": 5, "weight": 6, "port": 443, "target": "app.flotilla.test"}},
        {"content": "6 443 app.flotilla.test", "priority": 5.0},
    ),
]


def create(client: Cloudflare, zone_id: str, **body: Any) -> Any:
    record = {"name": "www", "ttl": 1, "type": "A", "content": "127.10.1.11"} | body
    return client.dns.records.create(zone_id=zone_id, **record)


def codes(error: BadRequestError | NotFoundError) -> list[int | None]:
    return [entry.code for entry in error.errors]


@pytest.mark.parametrize(("body", "expected"), EACH_TYPE, ids=lambda value: value.get("type"))
def test_each_type_is_created_and_read_back(client: Cloudflare, zone_id: str, body: Body, expected: Body) -> None:
    """What create answers is what get answers, with the complete name, and nothing that the API does not show."""
    made = client.dns.records.create(zone_id=zone_id, **({"name": "www", "ttl": 120} | body))
    assert made is not None
    assert made == client.dns.records.get(made.id, zone_id=zone_id)
    shown = made.to_dict(mode="json", exclude_unset=True)
    assert (shown["name"], shown["ttl"], shown["proxied"], shown["tags"]) == ("www.flotilla.test", 120, False, [])
    assert {key: shown[key] for key in expected} == expected
    assert "zone_id" not in shown
    assert len(made.id) == 32


@pytest.mark.parametrize(
    ("name", "complete"),
    [
        ("@", "flotilla.test"),
        ("flotilla.test", "flotilla.test"),
        ("WWW.Flotilla.test.", "www.flotilla.test"),
        ("*.apps", "*.apps.flotilla.test"),
        ("_dmarc", "_dmarc.flotilla.test"),
        ("münchen", "xn--mnchen-3ya.flotilla.test"),
        ("notflotilla.test", "notflotilla.test.flotilla.test"),
    ],
)
def test_names_are_completed(client: Cloudflare, zone_id: str, name: str, complete: str) -> None:
    """Relative, complete, wildcard and international names end as the real API stores them."""
    assert create(client, zone_id, name=name).name == complete


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"content": "127.10.1"}, 9005),
        ({"content": "fd00::1"}, 9005),
        ({"type": "AAAA", "content": "127.10.1.11"}, 9006),
        ({"type": "AAAA", "content": "fe80::1%eth0"}, 9006),
        ({"type": "CNAME", "content": "https://flotilla.test/x"}, 9007),
        ({"type": "CNAME", "content": "10.0.0.1"}, 9007),
        ({"type": "CNAME", "content": "WWW.flotilla.test"}, 9039),
        ({"type": "MX", "content": "mail.flotilla.test"}, 9100),
        ({"type": "MX", "content": "10.0.0.1", "priority": 1}, 9009),
        ({"type": "MX", "content": "mail.flotilla.test", "priority": 65536}, 1004),
        ({"type": "TXT", "content": ""}, 9100),
        ({"type": "TXT", "content": '"open'}, 1004),
        ({"type": "TXT", "content": "x" * 4100}, 9015),
        ({"type": "CAA", "content": '0 issue "ca.test"'}, 9100),
        ({"type": "CAA", "data": {"flags": 0, "tag": "issue"}}, 9101),
        ({"type": "CAA", "data": {"flags": 256, "tag": "issue", "value": "x"}}, 1004),
        ({"type": "SRV", "data": {"priority": 1, "weight": 1, "target": "a.test"}}, 9101),
        ({"type": "SRV", "data": {"priority": 1, "weight": 1, "port": 1, "target": "a b"}}, 1004),
        ({"type": "NS", "content": "10.0.0.1"}, 1004),
        ({"type": "LOC", "content": "x"}, 1004),
        ({"name": "a..b"}, 9000),
        ({"name": "a b"}, 9000),
        ({"name": "x" * 64}, 9000),
        ({"name": "apps.*"}, 9000),
        ({"name": ".".join(["long"] * 60)}, 9000),
        ({"ttl": 59}, 9021),
        ({"ttl": 86401}, 9021),
        ({"ttl": 60.5}, 9021),
        ({"ttl": "soon"}, 9021),
        ({"type": "TXT", "content": "x", "proxied": True}, 9004),
        ({"comment": "x" * 501}, 1004),
        ({"tags": ["no colon but a space"]}, 1004),
        ({"tags": [f"tag:{number}" for number in range(21)]}, 9300),
    ],
)
def test_a_bad_record_is_refused_with_its_code(client: Cloudflare, zone_id: str, body: Body, code: int) -> None:
    """Each rule has the code of the real API, and nothing is stored."""
    with pytest.raises(BadRequestError) as caught:
        create(client, zone_id, **body)
    assert codes(caught.value) == [code]
    assert list(client.dns.records.list(zone_id=zone_id)) == []


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ({}, {}, 81058),
        ({"type": "CNAME", "content": "a.test"}, {"type": "CNAME", "content": "A.test"}, 81053),
        ({}, {"type": "CNAME", "content": "a.test"}, 81053),
        ({"type": "CNAME", "content": "a.test"}, {"type": "AAAA", "content": "fd00::1"}, 81054),
        ({"type": "NS", "content": "ns.test"}, {"type": "TXT", "content": "x"}, 81056),
        ({"type": "TXT", "content": "x"}, {"type": "NS", "content": "ns.test"}, 81056),
        ({"type": "TXT", "content": "x" * 4000}, {"type": "TXT", "content": "y" * 4000}, None),
        ({"type": "TXT", "content": "x"}, {"type": "TXT", "content": "X"}, None),
        ({}, {"content": "127.10.1.12"}, None),
        ({"type": "MX", "content": "a.test", "priority": 1}, {"type": "MX", "content": "a.test", "priority": 2}, None),
        ({"type": "NS", "content": "ns1.test"}, {"type": "NS", "content": "ns2.test"}, None),
        ({"type": "TXT", "content": "x"}, {"type": "CNAME", "content": "a.test"}, None),
        ({}, {"name": "other", "type": "CNAME", "content": "www.flotilla.test"}, None),
    ],
)
def test_what_may_stand_beside_what(client: Cloudflare, zone_id: str, first: Body, second: Body, code: int | None) -> None:
    """Identical records and conflicting types under one name are refused; the rest may live together."""
    create(client, zone_id, **first)
    if code is None:
        create(client, zone_id, **second)
        return
    with pytest.raises(BadRequestError) as caught:
        create(client, zone_id, **second)
    assert codes(caught.value) == [code]


def test_text_under_one_name_is_bounded(client: Cloudflare, zone_id: str) -> None:
    """More than 8192 characters of TXT under one name are refused."""
    for letter in "xy":
        create(client, zone_id, type="TXT", content=letter * 4000)
    with pytest.raises(BadRequestError) as caught:
        create(client, zone_id, type="TXT", content="z" * 4000)
    assert codes(caught.value) == [83011]


def test_a_proxied_record_has_an_automatic_ttl(client: Cloudflare, zone_id: str) -> None:
    """Whatever TTL is sent with proxied, 1 comes back, as from the real API."""
    record = create(client, zone_id, proxied=True, ttl=3600)
    assert (record.proxied, record.ttl) == (True, 1)


def test_settings_and_private_routing_are_kept(client: Cloudflare, zone_id: str) -> None:
    """What has no effect in the sandbox is still stored, so that the provider sees no difference."""
    made = create(client, zone_id, proxied=True, settings={"ipv4_only": True}, private_routing=True)
    assert (made.settings.ipv4_only, made.private_routing) == (True, True)
    with pytest.raises(BadRequestError):
        create(client, zone_id, name="other", settings={"ipv4_only": "yes"})


def test_overwrite_sets_what_it_leaves_out_to_the_default(client: Cloudflare, zone_id: str) -> None:
    """PUT replaces the record whole and keeps its id and time of creation."""
    made = create(client, zone_id, comment="first", tags=["owner:dns"], ttl=600)
    changed = client.dns.records.update(made.id, zone_id=zone_id, name="www", ttl=1, type="A", content="127.10.1.12")
    assert changed is not None
    assert (changed.id, changed.created_on, changed.content) == (made.id, made.created_on, "127.10.1.12")
    assert (changed.comment, changed.tags, changed.ttl) == (None, [], 1)
    assert changed.modified_on > made.modified_on


def test_edit_changes_only_what_it_names(client: Cloudflare, zone_id: str) -> None:
    """PATCH keeps comment, tags and TTL, and the time when they were changed."""
    made = create(client, zone_id, comment="first", tags=["owner:dns", "env:local"], ttl=600)
    changed = client.dns.records.edit(made.id, zone_id=zone_id, name="www", type="A", content="127.10.1.12", ttl=600)
    assert changed is not None
    assert (changed.content, changed.comment, changed.tags, changed.ttl) == (
        "127.10.1.12",
        "first",
        ["env:local", "owner:dns"],
        600,
    )
    assert changed.comment_modified_on == made.comment_modified_on


def test_edit_may_change_the_type(client: Cloudflare, zone_id: str) -> None:
    """A CAA record turned into text loses its data."""
    made = create(client, zone_id, type="CAA", content=None, data={"flags": 0, "tag": "issue", "value": "ca.test"})
    changed = client.dns.records.edit(made.id, zone_id=zone_id, name="www", type="TXT", content="x", ttl=1)
    assert changed is not None
    assert "data" not in changed.to_dict(exclude_unset=True)


def test_a_change_into_a_conflict_is_refused(client: Cloudflare, zone_id: str) -> None:
    """Overwriting a record with the content of its neighbour is an identical record."""
    create(client, zone_id)
    other = create(client, zone_id, content="127.10.1.12")
    with pytest.raises(BadRequestError) as caught:
        client.dns.records.edit(other.id, zone_id=zone_id, name="www", type="A", content="127.10.1.11", ttl=1)
    assert codes(caught.value) == [81058]


def test_a_record_may_be_overwritten_with_itself(client: Cloudflare, zone_id: str) -> None:
    """Sending the same record again is no conflict with itself."""
    made = create(client, zone_id)
    again = client.dns.records.update(made.id, zone_id=zone_id, name="www", ttl=1, type="A", content="127.10.1.11")
    assert again is not None
    assert again.id == made.id


def test_a_deleted_record_is_gone(client: Cloudflare, zone_id: str) -> None:
    """Delete answers the id; then get, edit and delete say 81044."""
    made = create(client, zone_id)
    deleted = client.dns.records.delete(made.id, zone_id=zone_id)
    assert deleted is not None
    assert deleted.id == made.id
    for operation in (client.dns.records.get, client.dns.records.delete):
        with pytest.raises(NotFoundError) as caught:
            operation(made.id, zone_id=zone_id)
        assert codes(caught.value) == [81044]


def test_a_record_of_another_zone_is_not_found(client: Cloudflare, store: Store, zone_id: str) -> None:
    """An id is good only within its zone."""
    made = create(client, zone_id)
    other = seed_zone(store, "other.test")["id"]
    with pytest.raises(NotFoundError):
        client.dns.records.get(made.id, zone_id=other)
    assert list(client.dns.records.list(zone_id=other)) == []


def test_records_survive_a_restart(client: Cloudflare, store: Store, zone_id: str, serve: Any) -> None:
    """Another emulator on the same store answers the same records."""
    made = create(client, zone_id)
    address = serve(create_app(store, "second-token"))
    with Cloudflare(api_token="second-token", base_url=f"{address}/client/v4", max_retries=0) as second:
        assert list(second.dns.records.list(zone_id=zone_id)) == [made]


def test_a_batch_does_everything(client: Cloudflare, zone_id: str) -> None:
    """Deletes come first, so that a post may take the place of what a delete removed."""
    old, edited = create(client, zone_id), create(client, zone_id, name="edited")
    done = client.dns.records.batch(
        zone_id=zone_id,
        deletes=[{"id": old.id}],
        patches=[{"id": edited.id, "name": "edited", "type": "A", "ttl": 1, "content": "127.10.1.12"}],
        posts=[{"name": "www", "type": "CNAME", "content": "edited.flotilla.test", "ttl": 1}],
    )
    assert done is not None
    assert done.deletes is not None
    assert [record.id for record in done.deletes] == [old.id]
    assert done.puts is None
    assert {record.content for record in client.dns.records.list(zone_id=zone_id)} == {"127.10.1.12", "edited.flotilla.test"}


def test_a_batch_that_fails_does_nothing(client: Cloudflare, zone_id: str) -> None:
    """One bad entry takes everything before it back."""
    old = create(client, zone_id)
    with pytest.raises(BadRequestError):
        client.dns.records.batch(
            zone_id=zone_id, deletes=[{"id": old.id}], posts=[{"name": "x", "type": "A", "content": "no address", "ttl": 1}]
        )
    assert list(client.dns.records.list(zone_id=zone_id)) == [old]


def test_of_two_identical_requests_at_once_one_wins(client: Cloudflare, zone_id: str) -> None:
    """The check for conflicts and the write are one step, so that simultaneous requests cannot both pass."""

    def attempt(_: int) -> int | None:
        try:
            create(client, zone_id)
        except BadRequestError as error:
            return codes(error)[0]
        return None

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(attempt, range(16)))
    assert outcomes.count(None) == 1
    assert outcomes.count(81058) == 15


def test_a_change_of_what_was_deleted_meanwhile_is_refused(store: Store, zone_id: str) -> None:
    """A request that found the record before another deleted it does not bring it back."""
    zone = seed_zone(store, "flotilla.test")
    body = {"name": "www", "type": "A", "content": "127.10.1.11"}
    found = create_record(store, zone, body)
    delete_record(store, zone, found)
    for late in (lambda: overwrite_record(store, zone, found, body), lambda: delete_record(store, zone, found)):
        with pytest.raises(ApiError, match="81044"):
            late()
    assert records_of(store, zone_id) == []
