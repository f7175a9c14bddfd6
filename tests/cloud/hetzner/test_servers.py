"""
Servers through the official client.
"""

import pytest
from docker.errors import APIError as DockerError
from hcloud import APIException, Client
from hcloud.actions import ActionFailedException
from hcloud.firewalls import FirewallResource, FirewallRule
from hcloud.images import Image
from hcloud.locations import Location
from hcloud.networks import NetworkSubnet
from hcloud.server_types import ServerType
from hcloud.servers import ServerCreatePublicNetwork

DEBIAN, SMALL = Image(name="debian-12"), ServerType("cx23")
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6E9q1cOq0rGgm6q1vQZ2yRw1kA1c4yX0o3m4m8Q2aP me@here"


def create(client, name="web-1", **options):
    """
    A server that has finished starting.
    """
    response = client.servers.create(name, options.pop("server_type", SMALL), DEBIAN, **options)
    for action in (response.action, *response.next_actions):
        action.wait_until_finished()
    return client.servers.get_by_id(response.server.id)


def test_create_answers_at_once_and_ends_running(client: Client, machines) -> None:
    """
    The answer says initializing with running actions; when they have ended the server runs with an address of its own.
    """
    response = client.servers.create("web-1", SMALL, DEBIAN, labels={"role": "web"})
    assert response.server.status == "initializing"
    assert [response.action.command, *(action.command for action in response.next_actions)] == ["create_server", "start_server"]
    assert response.root_password
    response.next_actions[0].wait_until_finished()
    server = client.servers.get_by_name("web-1")
    assert (server.status, server.public_net.ipv4.ip, server.labels) == ("running", "127.10.4.11", {"role": "web"})
    assert (server.server_type.name, server.image.name, server.location.name) == ("cx23", "debian-12", "fsn1")
    assert server.public_net.ipv6.ip.startswith("2001:db8:")
    assert not server.locked
    assert machines.guards[0].public_ips == ("127.10.4.11",)


def test_key_replaces_the_password(client: Client, machines) -> None:
    """
    With an SSH key there is no root password, and the machine gets the key and the user data unchanged.
    """
    key = client.ssh_keys.create("me", PUBLIC_KEY)
    response = client.servers.create("web-1", SMALL, DEBIAN, ssh_keys=[key], user_data="#!/bin/sh\n")
    response.action.wait_until_finished()
    seed = machines.asked("create")[0][1]
    assert response.root_password is None
    assert (seed.user_data, seed.public_keys, seed.root_password) == ("#!/bin/sh\n", (PUBLIC_KEY,), None)


def test_addresses_are_the_lowest_free_ones(client: Client) -> None:
    """
    A deleted server's address is given out again, and only then.
    """
    first, second = create(client, "a"), create(client, "b")
    assert second.public_net.ipv4.ip == "127.10.4.12"
    first.delete().wait_until_finished()
    assert client.servers.get_by_name("a") is None
    assert create(client, "c").public_net.ipv4.ip == "127.10.4.11"
    assert {address.ip for address in client.primary_ips.get_all() if address.type == "ipv4"} == {"127.10.4.11", "127.10.4.12"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"name": "not a hostname"}, "invalid_input"),
        ({"name": "-web"}, "invalid_input"),
        ({"server_type": ServerType("cx22")}, "invalid_input"),
        ({"server_type": ServerType("nothing")}, "invalid_input"),
        ({"server_type": ServerType("cx23"), "location": Location(name="ash")}, "invalid_input"),
        ({"location": Location(name="mars")}, "invalid_input"),
        ({"labels": {"-x": "y"}}, "invalid_input"),
        ({"user_data": "x" * 32769}, "invalid_input"),
        ({"networks": [type("Network", (), {"id": 99})]}, "not_found"),
        ({"firewalls": [type("Firewall", (), {"id": 99})]}, "not_found"),
    ],
)
def test_refused_request_leaves_nothing(empty, changes, code) -> None:
    """
    A request that cannot be met says why, and neither a server nor an address remains.
    """
    client = empty.client()
    name, offer = changes.get("name", "web-1"), changes.get("server_type", SMALL)
    rest = {key: value for key, value in changes.items() if key not in ("name", "server_type")}
    with pytest.raises(APIException) as caught:
        client.servers.create(name, offer, DEBIAN, **rest)
    assert caught.value.code == code
    assert client.servers.get_all() == []
    assert client.primary_ips.get_all() == []


def test_name_is_unique(client: Client) -> None:
    """
    A second server of the same name is refused; renaming to a taken name as well.
    """
    create(client, "a")
    other = create(client, "b")
    with pytest.raises(APIException, match="already used"):
        client.servers.create("a", SMALL, DEBIAN)
    with pytest.raises(APIException) as caught:
        other.update(name="a")
    assert caught.value.code == "uniqueness_error"


def test_protected_server_cannot_be_deleted(client: Client) -> None:
    """
    Delete protection holds until it is taken away.
    """
    server = create(client)
    server.change_protection(delete=True, rebuild=True).wait_until_finished()
    with pytest.raises(APIException) as caught:
        client.servers.get_by_id(server.id).delete()
    assert caught.value.code == "protected"
    server.change_protection(delete=False, rebuild=False)
    server.delete().wait_until_finished()
    assert client.servers.get_all() == []


def test_power(client: Client, machines) -> None:
    """
    Off, on, shut down, reset and reboot, with the status that follows.
    """
    server = create(client)
    server.power_off().wait_until_finished()
    assert client.servers.get_by_id(server.id).status == "off"
    server.power_on().wait_until_finished()
    server.reboot().wait_until_finished()
    server.reset().wait_until_finished()
    assert client.servers.get_by_id(server.id).status == "running"
    server.shutdown().wait_until_finished()
    assert client.servers.get_by_id(server.id).status == "off"
    assert [graceful for _, graceful in machines.asked("stop")] == [False, True, False, True]


def test_change_type_needs_a_stopped_server(client: Client, machines) -> None:
    """
    A running server keeps its type; a stopped one gets the new processor and memory, its disk only when asked.
    """
    server = create(client)
    with pytest.raises(APIException) as caught:
        server.change_type(ServerType("cx33"), upgrade_disk=False)
    assert caught.value.code == "server_not_stopped"
    server.power_off().wait_until_finished()
    server.change_type(ServerType("cx33"), upgrade_disk=False).wait_until_finished()
    changed = client.servers.get_by_id(server.id)
    assert (changed.server_type.name, changed.primary_disk_size) == ("cx33", 40)
    assert (machines.asked("resize")[0][0].cores, machines.asked("resize")[0][0].memory_gb) == (4, 8)
    with pytest.raises(APIException, match="architecture"):
        changed.change_type(ServerType("cax21"), upgrade_disk=False)


def test_rebuild_starts_over(client: Client, machines) -> None:
    """
    A rebuild makes the machine anew, with new user data when given, at the same address.
    """
    server = create(client, user_data="old")
    server.rebuild(DEBIAN, user_data="new").action.wait_until_finished()
    spec, seed, generation = machines.asked("create")[1]
    assert (spec.server_id, seed.user_data, generation) == (server.id, "new", 2)
    assert client.servers.get_by_id(server.id).public_net.ipv4.ip == server.public_net.ipv4.ip


def test_failed_creation_leaves_no_server(client: Client, machines) -> None:
    """
    When the machine cannot be made, the action says so and the name is free again.
    """
    machines.fail["create"] = DockerError("no space left on device")
    response = client.servers.create("web-1", SMALL, DEBIAN)
    with pytest.raises(ActionFailedException, match="no space left"):
        response.action.wait_until_finished()
    with pytest.raises(ActionFailedException):
        response.next_actions[0].wait_until_finished()
    assert client.servers.get_all() == []
    del machines.fail["create"]
    assert create(client).status == "running"


def test_private_only_server(client: Client) -> None:
    """
    A server may have no public address at all; then no firewall can be applied to it.
    """
    bare = ServerCreatePublicNetwork(enable_ipv4=False, enable_ipv6=False)
    server = create(client, public_net=bare)
    assert server.public_net.ipv4 is None
    firewall = client.firewalls.create("fw").firewall
    with pytest.raises(APIException) as caught:
        firewall.apply_to_resources([FirewallResource(type="server", server=server)])
    assert caught.value.code == "private_net_only_server"


def test_everything_at_once(client: Client, machines) -> None:
    """
    Network, firewall, volume and placement group given at creation are all there when the actions have ended.
    """
    network = client.networks.create(
        "net", "10.0.0.0/16", subnets=[NetworkSubnet("10.0.1.0/24", type="cloud", network_zone="eu-central")]
    )
    rules = [FirewallRule("in", "tcp", ["0.0.0.0/0"], port="22")]
    firewall = client.firewalls.create("fw", rules=rules).firewall
    volume = client.volumes.create(10, "data", location=Location(name="fsn1"), format="ext4")
    volume.action.wait_until_finished()
    group = client.placement_groups.create("spread", "spread").placement_group
    server = create(
        client, networks=[network], firewalls=[firewall], volumes=[volume.volume], placement_group=group, automount=True
    )
    assert [(entry.network.id, entry.ip, entry.mac_address) for entry in server.private_net] == [
        (network.id, "10.0.1.1", "02:42:00:00:00:07")
    ]
    assert [entry.firewall.id for entry in server.public_net.firewalls] == [firewall.id]
    assert [entry.id for entry in server.volumes] == [volume.volume.id]
    assert client.volumes.get_by_name("data").server.id == server.id
    assert client.placement_groups.get_by_id(group.id).servers == [server.id]
    assert machines.asked("automount") == [(server.id, volume.volume.id, "ext4")]
    server.delete().wait_until_finished()
    assert client.volumes.get_by_name("data").server is None
    assert client.firewalls.get_by_name("fw").applied_to == []
    assert client.networks.get_by_name("net").servers == []


def test_list_filters_and_pages(client: Client) -> None:
    """
    By name, label selector and status, in pages.
    """
    for number in range(3):
        create(client, f"web-{number}", labels={"tier": "web" if number else "db"})
    assert [server.name for server in client.servers.get_all(label_selector="tier=web")] == ["web-1", "web-2"]
    assert [server.name for server in client.servers.get_all(name="web-0")] == ["web-0"]
    assert client.servers.get_all(status=["off"]) == []
    page = client.servers.get_list(page=2, per_page=2)
    assert [server.name for server in page.servers] == ["web-2"]
    assert (page.meta.pagination.last_page, page.meta.pagination.total_entries) == (2, 3)


def test_dns_ptr(client: Client) -> None:
    """
    A reverse name is set and reset.
    """
    server = create(client)
    ip = server.public_net.ipv4.ip
    server.change_dns_ptr(ip, "web.example.com").wait_until_finished()
    assert client.servers.get_by_id(server.id).public_net.ipv4.dns_ptr == "web.example.com"
    server.change_dns_ptr(ip, None).wait_until_finished()
    assert client.servers.get_by_id(server.id).public_net.ipv4.dns_ptr == server.public_net.ipv4.dns_ptr


def test_host_keys_of_a_deleted_server_are_forgotten(client: Client, emulator) -> None:
    """
    The next machine at the address has other keys, so the old lines leave known_hosts, and only they.
    """
    known_hosts = emulator.instance.known_hosts
    known_hosts.parent.mkdir(parents=True)
    server = create(client)
    known_hosts.write_text(f"{server.public_net.ipv4.ip} {PUBLIC_KEY}\n127.10.4.99 {PUBLIC_KEY}\n")
    server.delete().wait_until_finished()
    assert known_hosts.read_text() == f"127.10.4.99 {PUBLIC_KEY}\n"
    assert [path.name for path in known_hosts.parent.iterdir()] == ["known_hosts"]
