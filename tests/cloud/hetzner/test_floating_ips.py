"""
Floating IPs and placement groups through the official client.
"""

from __future__ import annotations

from typing import Any

import pytest
from hcloud import APIException, Client
from hcloud.images import Image
from hcloud.locations import Location
from hcloud.server_types import ServerType

HELSINKI = Location(name="hel1")


def refusal(call: Any, *arguments: Any, **options: Any) -> str:
    """
    The code with which a call is refused.
    """
    with pytest.raises(APIException) as caught:
        call(*arguments, **options)
    return str(caught.value.code)


def server(client: Client, name: str, **options: Any) -> Any:
    """
    A server whose actions have ended.
    """
    response = client.servers.create(name, ServerType("cx23"), Image(name="debian-12"), location=HELSINKI, **options)
    for action in (response.action, *response.next_actions):
        action.wait_until_finished()
    return response.server


def addresses_of(machines: Any, id: int) -> tuple[str, ...]:
    """
    The public addresses that lead to a server.
    """
    return next(guard.public_ips for guard in machines.guards if guard.server_id == id)


def test_floating_ip_moves_between_servers(client: Client, machines: Any) -> None:
    """
    An address leads to the server it is assigned to, to another one after that, and to nobody when it is unassigned.
    """
    first, second = server(client, "first"), server(client, "second")
    made = client.floating_ips.create("ipv4", server=first, name="entry").floating_ip
    made.assign(first).wait_until_finished()
    assert (made.ip, made.home_location.name) == ("127.10.4.13", "hel1")
    assert addresses_of(machines, first.id) == ("127.10.4.11", "127.10.4.13")
    assert client._client.request("GET", f"/servers/{first.id}")["server"]["public_net"]["floating_ips"] == [made.id]
    made.assign(second).wait_until_finished()
    assert addresses_of(machines, first.id) == ("127.10.4.11",)
    assert addresses_of(machines, second.id) == ("127.10.4.12", "127.10.4.13")
    made.unassign().wait_until_finished()
    assert addresses_of(machines, second.id) == ("127.10.4.12",)
    assert refusal(made.unassign) == "service_error"


def test_floating_ip_outlives_its_server(client: Client) -> None:
    """
    When a server is deleted, its floating address stays and is free for another.
    """
    owner = server(client, "owner")
    made = client.floating_ips.create("ipv4", server=owner).floating_ip
    owner.delete().wait_until_finished()
    assert client.floating_ips.get_by_id(made.id).server is None


def test_floating_ip_settings(client: Client) -> None:
    """
    Place is required, names are unique, all else can change, and a protected address is not deleted.
    """
    assert refusal(client.floating_ips.create, "ipv4") == "invalid_input"
    made = client.floating_ips.create("ipv4", home_location=HELSINKI, name="entry", description="the way in").floating_ip
    assert refusal(client.floating_ips.create, "ipv4", home_location=HELSINKI, name="entry") == "uniqueness_error"
    made.update(name="front", description="", labels={"a": "b"})
    made.change_dns_ptr(made.ip, "www.example.com").wait_until_finished()
    made.change_protection(delete=True).wait_until_finished()
    now = client.floating_ips.get_by_name("front")
    assert (now.description, now.labels, now.dns_ptr[0]["dns_ptr"]) == ("", {"a": "b"}, "www.example.com")
    assert refusal(now.delete) == "protected"
    now.change_protection(delete=False).wait_until_finished()
    assert now.delete()
    assert client.floating_ips.get_all() == []


def test_floating_ipv6(client: Client) -> None:
    """
    An IPv6 address is a network whose single addresses have reverse names; it leads nowhere.
    """
    made = client.floating_ips.create("ipv6", home_location=HELSINKI).floating_ip
    assert made.ip == "2001:db8:4:8001::/64"
    made.change_dns_ptr("2001:db8:4:8001::2", "six.example.com").wait_until_finished()
    assert client.floating_ips.get_by_id(made.id).dns_ptr == [{"ip": "2001:db8:4:8001::2", "dns_ptr": "six.example.com"}]
    assert refusal(made.change_dns_ptr, "2001:db8:4:8002::2", "x") == "invalid_input"


def test_placement_group_has_room_for_ten(client: Client) -> None:
    """
    A spread group takes ten servers, at creation or later, and later only while the server is off.
    """
    group = client.placement_groups.create("spread", "spread").placement_group
    for number in range(10):
        client.servers.create(
            f"s-{number}", ServerType("cx23"), Image(name="debian-12"), placement_group=group, start_after_create=False
        )
    late = server(client, "late")
    assert refusal(late.add_to_placement_group, group) == "server_not_stopped"
    late.power_off().wait_until_finished()
    assert refusal(late.add_to_placement_group, group) == "placement_error"
    create = {"server_type": ServerType("cx23"), "image": Image(name="debian-12"), "placement_group": group}
    assert refusal(client.servers.create, "s-11", **create) == "placement_error"
    client.servers.get_by_name("s-0").remove_from_placement_group().wait_until_finished()
    late.add_to_placement_group(group).wait_until_finished()
    assert len(client.placement_groups.get_by_id(group.id).servers) == 10
