"""
Keys, networks, firewalls, volumes and addresses through the official client.
"""

import pytest
from hcloud import APIException, Client
from hcloud.firewalls import FirewallResource, FirewallResourceLabelSelector, FirewallRule
from hcloud.images import Image
from hcloud.locations import Location
from hcloud.networks import NetworkRoute, NetworkSubnet
from hcloud.server_types import ServerType

PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6E9q1cOq0rGgm6q1vQZ2yRw1kA1c4yX0o3m4m8Q2aP me@here"
FALKENSTEIN = Location(name="fsn1")
SUBNET = NetworkSubnet("10.0.1.0/24", type="cloud", network_zone="eu-central")
ANY = ["0.0.0.0/0", "::/0"]


def refusal(call, *arguments, **options) -> str:
    """
    The code with which a call is refused.
    """
    with pytest.raises(APIException) as caught:
        call(*arguments, **options)
    return str(caught.value.code)


@pytest.fixture
def server(client: Client):
    """
    A running server.
    """
    response = client.servers.create("web-1", ServerType("cx23"), Image(name="debian-12"), labels={"role": "web"})
    for action in (response.action, *response.next_actions):
        action.wait_until_finished()
    return response.server


def test_ssh_key(client: Client) -> None:
    """
    A key has its fingerprint; name and key are unique; it can be renamed, found and deleted.
    """
    key = client.ssh_keys.create("me", PUBLIC_KEY, labels={"a": "b"})
    assert len(key.fingerprint.split(":")) == 16
    assert client.ssh_keys.get_by_fingerprint(key.fingerprint).name == "me"
    assert refusal(client.ssh_keys.create, "me", "ssh-rsa AAAA") == "uniqueness_error"
    assert refusal(client.ssh_keys.create, "again", PUBLIC_KEY) == "uniqueness_error"
    assert refusal(client.ssh_keys.create, "bad", "not a key") == "invalid_input"
    key.update(name="you")
    assert client.ssh_keys.get_by_name("you").id == key.id
    key.delete()
    assert client.ssh_keys.get_all() == []


def test_network_ranges(client: Client) -> None:
    """
    Subnets lie within the network and beside each other; routes lead to a gateway within it.
    """
    network = client.networks.create("net", "10.0.0.0/16", subnets=[SUBNET], labels={"a": "b"})
    assert (network.subnets[0].gateway, network.ip_range) == ("10.0.0.1", "10.0.0.0/16")
    assert refusal(client.networks.create, "net", "10.9.0.0/16") == "uniqueness_error"
    assert refusal(client.networks.create, "public", "8.8.0.0/16") == "invalid_input"
    assert refusal(client.networks.create, "host-bits", "10.0.0.1/16") == "invalid_input"
    for wrong in ("10.0.1.128/25", "10.1.0.0/24"):
        assert refusal(network.add_subnet, NetworkSubnet(wrong, "cloud", "eu-central")) == "invalid_input"
    network.add_subnet(NetworkSubnet("10.0.2.0/24", "cloud", "eu-central")).wait_until_finished()
    route = NetworkRoute("10.100.0.0/16", "10.0.1.1")
    network.add_route(route).wait_until_finished()
    assert refusal(network.add_route, NetworkRoute("10.101.0.0/16", "192.168.0.1")) == "invalid_input"
    network.change_ip_range("10.0.0.0/12").wait_until_finished()
    again = client.networks.get_by_id(network.id)
    assert (again.ip_range, len(again.subnets), again.routes) == ("10.0.0.0/12", 2, [route])
    network.delete_route(route).wait_until_finished()
    network.delete_subnet(NetworkSubnet("10.0.2.0/24")).wait_until_finished()
    assert client.networks.get_by_id(network.id).routes == []


def test_attach_and_detach_a_server(client: Client, server, machines) -> None:
    """
    A server gets the address asked for or the lowest free one; a taken or foreign one is refused; aliases can change.
    """
    network = client.networks.create("net", "10.0.0.0/16", subnets=[SUBNET])
    overlapping = client.networks.create("other", "10.0.0.0/20", subnets=[SUBNET])
    empty = client.networks.create("empty", "192.168.0.0/16")
    assert refusal(server.attach_to_network, empty) == "no_subnet_available"
    assert refusal(server.attach_to_network, network, ip="10.0.7.1") == "ip_not_available"
    server.attach_to_network(network, ip="10.0.1.77", alias_ips=["10.0.1.78"]).wait_until_finished()
    assert refusal(server.attach_to_network, network) == "server_already_attached"
    assert refusal(server.attach_to_network, overlapping) == "networks_overlap"
    private = machines.asked("converge")[-1][0].private[0]
    assert (private.ip, private.prefix, private.aliases) == ("10.0.1.77", 16, ("10.0.1.78",))
    server.change_alias_ips(network, ["10.0.1.79"]).wait_until_finished()
    attached = client.servers.get_by_id(server.id).private_net[0]
    assert (attached.ip, attached.alias_ips) == ("10.0.1.77", ["10.0.1.79"])
    server.detach_from_network(network).wait_until_finished()
    assert client.servers.get_by_id(server.id).private_net == []
    assert refusal(server.detach_from_network, network) == "not_found"


def test_deleting_a_network_detaches_its_servers(client: Client, server) -> None:
    """
    Hetzner detaches what is attached; delete protection holds.
    """
    network = client.networks.create("net", "10.0.0.0/16", subnets=[SUBNET])
    server.attach_to_network(network).wait_until_finished()
    network.change_protection(delete=True).wait_until_finished()
    assert refusal(network.delete) == "protected"
    network.change_protection(delete=False).wait_until_finished()
    network.delete()
    assert client.servers.get_by_id(server.id).private_net == []
    assert client.networks.get_all() == []


@pytest.mark.parametrize(
    "rule",
    [
        FirewallRule("in", "tcp", ANY),
        FirewallRule("in", "icmp", ANY, port="80"),
        FirewallRule("in", "tcp", [], port="80"),
        FirewallRule("out", "tcp", ANY, port="80"),
        FirewallRule("in", "tcp", ["10.0.0.1/8"], port="80"),
        FirewallRule("in", "tcp", ANY, port="80-22"),
        FirewallRule("in", "tcp", ANY, port="70000"),
        FirewallRule("in", "http", ANY, port="80"),
    ],
)
def test_rule_that_makes_no_sense(empty, rule: FirewallRule) -> None:
    """
    Such a rule is refused and no firewall is made.
    """
    client = empty.client()
    assert refusal(client.firewalls.create, "fw", rules=[rule]) == "invalid_input"
    assert client.firewalls.get_all() == []


def test_firewall_is_applied_and_removed(client: Client, server, machines) -> None:
    """
    Rules reach the server's guard when applied, by id or by label; a firewall in use cannot be deleted.
    """
    rules = [FirewallRule("in", "tcp", ANY, port="80-85"), FirewallRule("in", "icmp", ["10.0.0.0/8"])]
    firewall = client.firewalls.create("fw", rules=rules).firewall
    assert machines.guards[0].inbound is None
    here = FirewallResource("server", server=server)
    selected = FirewallResource("label_selector", label_selector=FirewallResourceLabelSelector("role=web"))
    for action in firewall.apply_to_resources([here]):
        action.wait_until_finished()
    assert [(rule.protocol, rule.ports) for rule in machines.guards[0].inbound] == [("tcp", "80-85"), ("icmp", None)]
    assert refusal(firewall.apply_to_resources, [here]) == "firewall_already_applied"
    assert refusal(firewall.delete) == "resource_in_use"
    for action in firewall.set_rules([]):
        action.wait_until_finished()
    assert machines.guards[0].inbound == ()
    for action in (*firewall.apply_to_resources([selected]), *firewall.remove_from_resources([here])):
        action.wait_until_finished()
    reached = client.firewalls.get_by_id(firewall.id).applied_to[0].applied_to_resources
    assert [resource.server.id for resource in reached] == [server.id]
    server.update(labels={})
    assert machines.guards[0].inbound is None
    for action in firewall.remove_from_resources([selected]):
        action.wait_until_finished()
    firewall.delete()
    assert client.firewalls.get_all() == []


def test_volume(client: Client, server, machines) -> None:
    """
    Made, attached, grown, detached, deleted; each refusal with Hetzner's code.
    """
    assert refusal(client.volumes.create, 5, "small", location=FALKENSTEIN) == "invalid_input"
    assert refusal(client.volumes.create, 10, "nowhere", location=Location(name="mars")) == "invalid_input"
    volume = client.volumes.create(10, "data", location=FALKENSTEIN, format="ext4").volume
    assert volume.linux_device == f"/dev/disk/by-id/scsi-0HC_Volume_{volume.id}"
    assert refusal(client.volumes.create, 10, "data", location=FALKENSTEIN) == "uniqueness_error"
    elsewhere = client.volumes.create(10, "far", location=Location(name="hel1"))
    elsewhere.action.wait_until_finished()
    assert refusal(elsewhere.volume.attach, server) == "invalid_input"
    volume.attach(server, automount=True).wait_until_finished()
    assert machines.asked("create")[1:] == [(volume.id, 10, "ext4"), (elsewhere.volume.id, 10, None)]
    assert machines.asked("automount") == [(server.id, volume.id, "ext4")]
    assert refusal(volume.attach, server) == "volume_already_attached"
    assert refusal(volume.delete) == "resource_in_use"
    assert refusal(volume.resize, 10) == "invalid_input"
    volume.resize(20).wait_until_finished()
    assert client.volumes.get_by_name("data").size == 20
    volume.detach().wait_until_finished()
    assert client.volumes.get_by_name("data").server is None
    volume.change_protection(delete=True)
    assert refusal(volume.delete) == "protected"
    volume.change_protection(delete=False)
    volume.delete()
    assert machines.asked("delete") == [(volume.id,)]


def test_primary_ip_outlives_its_server(client: Client) -> None:
    """
    An address of one's own is given to a server at creation, stays when the server goes, and can be given to the next.
    """
    address = client.primary_ips.create(type="ipv4", name="mine", location=FALKENSTEIN).primary_ip
    assert address.ip == "127.10.4.11"
    from hcloud.servers import ServerCreatePublicNetwork

    net = ServerCreatePublicNetwork(ipv4=address)
    response = client.servers.create("a", ServerType("cx23"), Image(name="debian-12"), public_net=net)
    assert response.server.public_net.ipv4.ip == address.ip
    assert (
        refusal(client.servers.create, "b", ServerType("cx23"), Image(name="debian-12"), public_net=net)
        == "primary_ip_assigned"
    )
    assert refusal(address.delete) == "server_not_stopped"
    response.server.delete().wait_until_finished()
    assert client.primary_ips.get_by_name("mine").assignee_id is None
    address.delete()
    assert client.primary_ips.get_all() == []
