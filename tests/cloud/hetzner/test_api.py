"""
What all kinds of resource share: the token, errors, actions, the catalogue, and life after a crash.
"""

import threading
from decimal import Decimal

import httpx
import pytest
from hcloud import APIException, Client
from hcloud.images import Image
from hcloud.locations import Location
from hcloud.server_types import ServerType

from sandbox.cloud.hetzner import catalog
from settings import catalog as accepted

DEBIAN, SMALL = Image(name="debian-12"), ServerType("cx23")


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic made-up-token", "made-up-token"])
def test_wrong_token(empty, header: str | None) -> None:
    """
    Without the right token every route says unauthorized in the API's own words; the health probe needs none.
    """
    for path in ("/servers", "/locations", "/nothing"):
        response = httpx.get(f"{empty.url}{path}", headers={"Authorization": header} if header else {})
        assert response.status_code == 401
        assert response.json()["error"] == {"code": "unauthorized", "message": "unable to authenticate", "details": None}
    assert httpx.get(empty.url.removesuffix("/v1") + "/healthz").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "code"),
    [
        ("GET", "/servers/1", b"", 404, "not_found"),
        ("GET", "/nothing", b"", 404, "not_found"),
        ("PATCH", "/servers", b"", 405, "method_not_allowed"),
        ("POST", "/servers", b"{", 400, "json_error"),
        ("POST", "/servers", b"{}", 422, "invalid_input"),
        ("GET", "/servers?page=0", b"", 422, "invalid_input"),
        ("GET", "/servers?label_selector=,", b"", 422, "invalid_input"),
    ],
)
def test_error_format(empty, method: str, path: str, content: bytes, status: int, code: str) -> None:
    """
    Every error is JSON with a code; invalid input names the fields.
    """
    headers = {"Authorization": "Bearer made-up-token", "Content-Type": "application/json"}
    response = httpx.request(method, f"{empty.url}{path}", content=content, headers=headers)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    if code == "invalid_input":
        assert all(field["messages"] for field in error["details"]["fields"])


def test_catalogue(empty) -> None:
    """
    Types, locations and images as Hetzner has them; what is deprecated says so per location.
    """
    client = empty.client()
    small, old = client.server_types.get_by_name("cx23"), client.server_types.get_by_name("cx22")
    assert (small.id, small.cores, small.memory, small.disk, small.architecture) == (114, 2, 4, 40, "x86")
    assert all(place.deprecation is None and place.available for place in small.locations)
    assert all(place.deprecation.unavailable_after.year == 2025 for place in old.locations)
    assert client.locations.get_by_name("fsn1").network_zone == "eu-central"
    assert client.images.get_by_name_and_architecture("debian-12", "arm").architecture == "arm"


def test_what_settings_may_name_is_offered(empty) -> None:
    """
    Every server type and location that settings accept is one that the emulator has, with the same hardware and zone.
    """
    client = empty.client()
    shown = {kind.name: (kind.cores, kind.memory, kind.disk, kind.architecture) for kind in client.server_types.get_all()}
    assert shown.items() >= accepted.SERVER_TYPES.items()
    assert {place.name: place.network_zone for place in client.locations.get_all()} == accepted.LOCATIONS


def test_prices_agree_with_each_other() -> None:
    """
    The hourly price is the monthly one over 624 hours, gross is net with VAT, and ids and names are unique.
    """
    cx33 = catalog.prices(next(offer for offer in catalog.OFFERS if offer.name == "cx33"))[0]
    assert cx33["price_monthly"]["net"] == "6.4900000000"
    assert cx33["price_hourly"]["net"] == "0.0104000000"
    assert Decimal(cx33["price_monthly"]["gross"]) == Decimal("6.49") * Decimal("1.19")
    assert len({offer.id for offer in catalog.OFFERS}) == len({offer.name for offer in catalog.OFFERS}) == len(catalog.OFFERS)


def test_actions_can_be_asked_for(client: Client, emulator) -> None:
    """
    By id, by several ids at once, by resource, by kind.
    """
    volume = client.volumes.create(10, "data", location=Location(name="fsn1"))
    volume.action.wait_until_finished()
    volume.volume.change_protection(delete=True)
    assert [action.command for action in volume.volume.get_actions()] == ["create_volume", "change_protection"]
    assert client.actions.get_by_id(volume.action.id).status == "success"
    assert len(client.volumes.actions.get_all()) == 2
    headers = {"Authorization": "Bearer made-up-token"}
    ids = [action.id for action in volume.volume.get_actions()]
    rows = httpx.get(f"{emulator.url}/actions", params={"id": ids}, headers=headers).json()["actions"]
    assert [row["id"] for row in rows] == ids


def test_actions_on_one_server_wait_for_each_other(client: Client, machines) -> None:
    """
    A second action begins when the first has ended; meanwhile the server is locked and other servers are not held up.
    """
    held = threading.Event()
    machines.hold["create"] = held
    first = client.servers.create("a", SMALL, DEBIAN)
    off = first.server.power_off()
    assert client.servers.get_by_name("a").locked
    assert machines.asked("stop") == []
    client.firewalls.create("fw").actions[0].wait_until_finished()
    held.set()
    off.wait_until_finished()
    assert [call[0] for call in machines.calls if call[0] in ("create", "start", "stop")] == ["create", "start", "stop"]
    assert client.servers.get_by_name("a").status == "off"


def test_half_made_server_is_gone_after_a_crash(emulator, client: Client, machines) -> None:
    """
    A creation that was cut short is marked as failed at the next start, its machine is tidied away, and its name is free.
    """
    machines.hold["create"] = threading.Event()
    half_made = client.servers.create("half", SMALL, DEBIAN)
    snapshot = [emulator.store.list(kind) for kind in ("server", "primary_ip", "action", "seed")]
    emulator.stop()
    for kind, rows in zip(("server", "primary_ip", "action"), snapshot, strict=False):
        for row in rows:
            emulator.store.put(kind, row["id"], row)
    machines.hold.clear()
    machines.calls.clear()
    emulator.start()
    client = emulator.client()
    action = client.actions.get_by_id(half_made.action.id)
    assert (action.status, action.error["code"]) == ("error", "interrupted")
    assert client.servers.get_all() == []
    response = client.servers.create("half", SMALL, DEBIAN)
    response.next_actions[0].wait_until_finished()
    assert machines.asked("tidy")[0] == (set(), set(), set(), set())
    assert client.servers.get_by_name("half").public_net.ipv4.ip == "127.10.4.11"


def test_restart_keeps_what_was_made(emulator, client: Client, machines) -> None:
    """
    After a restart everything is as before: a server that should run is started, one that is off stays off.
    """
    for name in ("on", "off"):
        response = client.servers.create(name, SMALL, DEBIAN)
        response.next_actions[0].wait_until_finished()
    client.servers.get_by_name("off").power_off().wait_until_finished()
    emulator.stop()
    machines.on.clear()
    machines.calls.clear()
    emulator.start()
    client = emulator.client()
    client.firewalls.create("later").actions[0].wait_until_finished()
    assert {server.name: server.status for server in client.servers.get_all()} == {"on": "running", "off": "off"}
    assert [spec.name for (spec,) in machines.asked("start")] == ["on"]


def test_ids_are_never_used_again(client: Client) -> None:
    """
    A new volume has a new id, so that no old reference can mean it.
    """
    first = client.volumes.create(10, "a", location=Location(name="fsn1"))
    first.action.wait_until_finished()
    first.volume.delete()
    assert client.volumes.create(10, "a", location=Location(name="fsn1")).volume.id > first.volume.id


def test_refused_deletion_of_what_is_gone(client: Client) -> None:
    """
    Deleting twice says not found the second time.
    """
    volume = client.volumes.create(10, "a", location=Location(name="fsn1"))
    volume.action.wait_until_finished()
    volume.volume.delete()
    with pytest.raises(APIException) as caught:
        volume.volume.delete()
    assert caught.value.code == "not_found"
