"""
Load balancers, floating IPs and reverse names of the Hetzner Cloud stand-in, at the gRPC level over the emulated API.
"""

import hashlib
import ipaddress

import grpc
import pytest

from sandbox.plugins.provider import UNKNOWN
from sandbox.plugins.values import decode

SERVER = "hcloud:index/server:Server"
NETWORK = "hcloud:index/network:Network"
SUBNET = "hcloud:index/networkSubnet:NetworkSubnet"
BALANCER = "hcloud:index/loadBalancer:LoadBalancer"
IN_NETWORK = "hcloud:index/loadBalancerNetwork:LoadBalancerNetwork"
SERVICE = "hcloud:index/loadBalancerService:LoadBalancerService"
TARGET = "hcloud:index/loadBalancerTarget:LoadBalancerTarget"
FLOATING = "hcloud:index/floatingIp:FloatingIp"
ASSIGNMENT = "hcloud:index/floatingIpAssignment:FloatingIpAssignment"
RDNS = "hcloud:index/rdns:Rdns"

WEB = {"name": "web-1", "serverType": "cx23", "image": "debian-12", "location": "fsn1", "labels": {"role": "web"}}
ENTRY = {"name": "entry", "loadBalancerType": "lb11", "location": "fsn1"}
CHECK = {"protocol": "tcp", "port": 443, "interval": 5, "timeout": 3, "retries": 2}
SAME, DIFFERENT = 1, 2


def state(answer):
    return decode(answer.properties).values


def read_inputs(plugin, token, id, inputs=None, properties=None):
    return decode(plugin.read(token, "again", id, inputs, properties).inputs).values


@pytest.fixture
def network(hcloud_plugin):
    made = hcloud_plugin.create(NETWORK, "net", {"name": "net", "ipRange": "10.0.0.0/16"})
    subnet = {"networkId": int(made.id), "type": "cloud", "networkZone": "eu-central", "ipRange": "10.0.1.0/24"}
    return int(made.id), hcloud_plugin.create(SUBNET, "subnet", subnet).id


@pytest.fixture
def server(hcloud_plugin):
    return hcloud_plugin.create(SERVER, "web", WEB)


@pytest.fixture
def balancer(hcloud_plugin):
    return hcloud_plugin.create(BALANCER, "entry", ENTRY)


def test_a_load_balancer_lives_from_creation_to_deletion(hcloud_plugin):
    """It is made with its addresses, changes in place, refuses deletion while protected, and can be imported."""
    made = hcloud_plugin.create(BALANCER, "entry", {**ENTRY, "deleteProtection": True, "labels": {"a": "b"}})
    assert (state(made)["ipv4"], state(made)["networkZone"]) == ("127.10.7.11", "eu-central")
    assert state(made)["algorithm"] == {"type": "round_robin"}
    wanted = {**ENTRY, "name": "front", "loadBalancerType": "lb21", "algorithm": {"type": "least_connections"}, "labels": {}}
    with pytest.raises(grpc.RpcError, match=r"protected\).*Turn its protection off"):
        hcloud_plugin.delete(BALANCER, "entry", made)
    changed = state(hcloud_plugin.update(BALANCER, "entry", made, wanted))
    assert {key: changed[key] for key in wanted} == wanted
    imported = {**wanted}
    del imported["labels"]
    assert read_inputs(hcloud_plugin, BALANCER, made.id) == imported
    hcloud_plugin.delete(BALANCER, "entry", made)
    assert hcloud_plugin.read(BALANCER, "entry", made.id).id == ""
    hcloud_plugin.delete(BALANCER, "entry", made)


def test_what_replaces_a_load_balancer(hcloud_plugin, balancer):
    """Another place needs a new one; type, name and algorithm do not; what the API filled in is no change."""
    diff = hcloud_plugin.diff(BALANCER, "entry", balancer, ENTRY, {**ENTRY, "location": "hel1"})
    assert list(diff.replaces) == ["location"]
    diff = hcloud_plugin.diff(BALANCER, "entry", balancer, ENTRY, {**ENTRY, "loadBalancerType": "lb21", "name": "x"})
    assert not diff.replaces
    assert hcloud_plugin.diff(BALANCER, "entry", balancer, {**ENTRY, "labels": {"a": "b"}}, ENTRY).changes == SAME


def test_a_load_balancer_in_a_network(hcloud_plugin, balancer, network):
    """It gets the address asked for, loses and regains its public interface in place, and is in the network only once."""
    inputs = {"loadBalancerId": int(balancer.id), "subnetId": network[1], "ip": "10.0.1.9"}
    joined = hcloud_plugin.create(IN_NETWORK, "net", inputs)
    assert joined.id == f"{balancer.id}-{network[0]}"
    assert (state(joined)["ip"], state(joined)["networkId"]) == ("10.0.1.9", network[0])
    assert hcloud_plugin.create(IN_NETWORK, "net", inputs).id == joined.id
    hidden = hcloud_plugin.update(IN_NETWORK, "net", joined, {**inputs, "enablePublicInterface": False})
    assert state(hidden)["enablePublicInterface"] is False
    assert hcloud_plugin.update(IN_NETWORK, "net", joined, inputs)
    assert read_inputs(hcloud_plugin, IN_NETWORK, joined.id) == {
        "loadBalancerId": int(balancer.id), "networkId": network[0], "ip": "10.0.1.9"
    }  # fmt: skip
    diff = hcloud_plugin.diff(IN_NETWORK, "net", joined, inputs, {**inputs, "ip": "10.0.1.10"})
    assert list(diff.replaces) == ["ip"]
    hcloud_plugin.delete(IN_NETWORK, "net", joined)
    assert hcloud_plugin.read(IN_NETWORK, "net", joined.id).id == ""
    hcloud_plugin.delete(IN_NETWORK, "net", joined)


def test_a_service(hcloud_plugin, balancer):
    """A port with the API's defaults, changed in place, replaced for another port, imported by balancer and port."""
    inputs = {"loadBalancerId": balancer.id, "protocol": "tcp", "listenPort": 443, "destinationPort": 8443}
    made = hcloud_plugin.create(SERVICE, "https", inputs)
    assert made.id == f"{balancer.id}__443"
    assert state(made)["healthCheck"] == {"protocol": "tcp", "port": 8443, "interval": 15, "timeout": 10, "retries": 3}
    wanted = {**inputs, "proxyprotocol": True, "healthCheck": CHECK}
    changed = state(hcloud_plugin.update(SERVICE, "https", made, wanted))
    assert {key: changed[key] for key in wanted} == wanted
    assert list(hcloud_plugin.diff(SERVICE, "https", made, inputs, {**inputs, "listenPort": 444}).replaces) == ["listenPort"]
    assert read_inputs(hcloud_plugin, SERVICE, made.id) == wanted
    hcloud_plugin.delete(SERVICE, "https", made)
    assert hcloud_plugin.read(SERVICE, "https", made.id).id == ""
    hcloud_plugin.delete(SERVICE, "https", made)


def test_a_service_over_http_keeps_what_the_api_filled_in(hcloud_plugin, balancer):
    """After a refresh, the parts of a check that the program leaves out are no change; those that it gives are."""
    check = {**CHECK, "protocol": "http", "http": {"path": "/health", "statusCodes": ["200"]}}
    inputs = {"loadBalancerId": balancer.id, "protocol": "http", "healthCheck": check}
    made = hcloud_plugin.create(SERVICE, "http", inputs)
    assert made.id == f"{balancer.id}__80"
    refreshed = read_inputs(hcloud_plugin, SERVICE, made.id, hcloud_plugin.inputs(SERVICE, "http", inputs), made.properties)
    assert hcloud_plugin.diff(SERVICE, "http", made, refreshed, inputs).changes == SAME
    asking = {**inputs, "healthCheck": {**check, "http": {"path": "/ready", "statusCodes": ["200"]}}}
    assert hcloud_plugin.diff(SERVICE, "http", made, refreshed, asking).changes == DIFFERENT


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"protocol": "udp"}, "protocol"),
        ({"protocol": "tcp", "listenPort": 80}, "destinationPort"),
        ({"protocol": "http", "http": {"timeoutIdle": 5}}, "http.timeoutIdle"),
        ({"protocol": "http", "healthCheck": {"protocol": "http"}}, "healthCheck.interval"),
    ],
)
def test_services_that_check_refuses(hcloud_plugin, wrong, path):
    """What the real provider refuses before it asks the API is refused with its path."""
    answer = hcloud_plugin.check(SERVICE, "s", {"loadBalancerId": "1", **wrong})
    assert path in [failure.property for failure in answer.failures]


def test_a_server_as_a_target(hcloud_plugin, balancer, network, server):
    """Added by its public address, moved to its private one in place, imported by type and server."""
    inputs = {"loadBalancerId": int(balancer.id), "type": "server", "serverId": int(server.id)}
    made = hcloud_plugin.create(TARGET, "web", inputs)
    assert made.id == f"lb-srv-tgt-{server.id}-{balancer.id}"
    assert hcloud_plugin.create(TARGET, "web", inputs).id == made.id
    hcloud_plugin.create(IN_NETWORK, "net", {"loadBalancerId": int(balancer.id), "networkId": network[0]})
    hcloud_plugin.update(SERVER, "web", server, {**WEB, "networks": [{"networkId": network[0]}]})
    private = {**inputs, "usePrivateIp": True}
    assert hcloud_plugin.diff(TARGET, "web", made, inputs, private).replaces == []
    assert state(hcloud_plugin.update(TARGET, "web", made, private))["usePrivateIp"] is True
    imported = hcloud_plugin.read(TARGET, "again", f"{balancer.id}__server__{server.id}")
    assert (imported.id, decode(imported.inputs).values) == (made.id, private)
    hcloud_plugin.delete(TARGET, "web", made)
    assert hcloud_plugin.read(TARGET, "web", made.id).id == ""
    hcloud_plugin.delete(TARGET, "web", made)


def test_labels_as_a_target(hcloud_plugin, balancer):
    """A selector has an id made of its hash, as with the real provider."""
    inputs = {"loadBalancerId": int(balancer.id), "type": "label_selector", "labelSelector": "role=web"}
    made = hcloud_plugin.create(TARGET, "web", inputs)
    assert made.id == f"lb-label-selector-tgt-{hashlib.sha256(b'role=web').hexdigest()}-{balancer.id}"
    diff = hcloud_plugin.diff(TARGET, "web", made, inputs, {**inputs, "labelSelector": "role=app"})
    assert list(diff.replaces) == ["labelSelector"]
    imported = hcloud_plugin.read(TARGET, "again", f"{balancer.id}__label_selector__role=web")
    assert imported.id == made.id


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"type": "server"}, "serverId"),
        ({"type": "server", "serverId": 1, "labelSelector": "a"}, "serverId"),
        ({"type": "server", "labelSelector": "a"}, "serverId"),
        ({"type": "machine", "serverId": 1}, "type"),
        ({"type": "ip", "ip": "192.0.2.1", "usePrivateIp": True}, "usePrivateIp"),
    ],
)
def test_targets_that_check_refuses(hcloud_plugin, wrong, path):
    """Exactly one target, of the type that is said."""
    answer = hcloud_plugin.check(TARGET, "t", {"loadBalancerId": 1, **wrong})
    assert [failure.property for failure in answer.failures] == [path]


def test_a_preview_knows_nothing_yet(hcloud_plugin):
    """With ids that are not known yet everything can be previewed; addresses and ids are unknown too."""
    unknown = {"loadBalancerId": UNKNOWN, "type": "server", "serverId": UNKNOWN, "usePrivateIp": True}
    hcloud_plugin.create(TARGET, "web", unknown, preview=True)
    hcloud_plugin.create(IN_NETWORK, "net", {"loadBalancerId": UNKNOWN, "subnetId": UNKNOWN}, preview=True)
    service = {"loadBalancerId": UNKNOWN, "protocol": "tcp", "listenPort": 80, "destinationPort": 80}
    assert state(hcloud_plugin.create(SERVICE, "http", service, preview=True))["healthCheck"] is UNKNOWN
    assert state(hcloud_plugin.create(BALANCER, "entry", ENTRY, preview=True))["ipv4"] is UNKNOWN
    hcloud_plugin.create(RDNS, "name", {"serverId": UNKNOWN, "ipAddress": UNKNOWN, "dnsPtr": "a.test"}, preview=True)


def test_a_floating_ip(hcloud_plugin, server):
    """It moves between servers in place, keeps its address, and is unassigned before it is deleted."""
    inputs = {"name": "entry", "type": "ipv4", "homeLocation": "fsn1", "description": "the way in"}
    made = hcloud_plugin.create(FLOATING, "entry", inputs)
    assert state(made)["ipAddress"] == "127.10.7.12"
    assert read_inputs(hcloud_plugin, FLOATING, made.id) == inputs
    moved = {**inputs, "name": "front", "serverId": int(server.id), "labels": {"a": "b"}, "deleteProtection": True}
    del moved["description"]
    changed = state(hcloud_plugin.update(FLOATING, "entry", made, moved))
    assert {key: changed[key] for key in moved} == moved
    assert changed["description"] == ""
    assert list(hcloud_plugin.diff(FLOATING, "entry", made, inputs, {**inputs, "homeLocation": "hel1"}).replaces) == [
        "homeLocation"
    ]
    with pytest.raises(grpc.RpcError, match="protected"):
        hcloud_plugin.delete(FLOATING, "entry", made)
    hcloud_plugin.update(FLOATING, "entry", made, {**moved, "deleteProtection": False})
    hcloud_plugin.delete(FLOATING, "entry", made)
    assert hcloud_plugin.read(FLOATING, "entry", made.id).id == ""


def test_a_floating_ipv6_has_a_network(hcloud_plugin):
    """Address and network of an IPv6 floating IP are two outputs."""
    made = state(hcloud_plugin.create(FLOATING, "six", {"type": "ipv6", "homeLocation": "fsn1"}))
    assert made["ipNetwork"] == f"{made['ipAddress']}/64"


def test_a_floating_ip_needs_a_home(hcloud_plugin):
    """Neither home nor server: refused before anything is asked."""
    answer = hcloud_plugin.check(FLOATING, "x", {"type": "ipv4"})
    assert [failure.property for failure in answer.failures] == ["homeLocation"]


def test_an_assignment(hcloud_plugin, server):
    """An address given to a server by a resource of its own; another server is an update, another address a replacement."""
    floating = hcloud_plugin.create(FLOATING, "entry", {"name": "entry", "type": "ipv4", "homeLocation": "fsn1"})
    other = hcloud_plugin.create(SERVER, "other", {**WEB, "name": "web-2"})
    inputs = {"floatingIpId": int(floating.id), "serverId": int(server.id)}
    made = hcloud_plugin.create(ASSIGNMENT, "a", inputs)
    assert made.id == floating.id
    moved = hcloud_plugin.update(ASSIGNMENT, "a", made, {**inputs, "serverId": int(other.id)})
    assert read_inputs(hcloud_plugin, ASSIGNMENT, made.id) == {**inputs, "serverId": int(other.id)}
    hcloud_plugin.delete(ASSIGNMENT, "a", made)
    assert hcloud_plugin.read(ASSIGNMENT, "a", made.id).id == made.id, "it is at another server than this resource says"
    made.properties.CopyFrom(moved.properties)
    hcloud_plugin.delete(ASSIGNMENT, "a", made)
    assert hcloud_plugin.read(ASSIGNMENT, "a", made.id).id == ""
    diff = hcloud_plugin.diff(ASSIGNMENT, "a", made, inputs, {**inputs, "floatingIpId": 7})
    assert list(diff.replaces) == ["floatingIpId"]


@pytest.mark.parametrize("letter", ["s", "l", "f"])
def test_reverse_names(hcloud_plugin, server, balancer, letter):
    """Servers, load balancers and floating IPs have reverse names, which fall back to the default when they are deleted."""
    floating = hcloud_plugin.create(FLOATING, "entry", {"name": "entry", "type": "ipv4", "homeLocation": "fsn1"})
    owner, key, address = {
        "s": (server, "serverId", state(server)["ipv4Address"]),
        "l": (balancer, "loadBalancerId", state(balancer)["ipv4"]),
        "f": (floating, "floatingIpId", state(floating)["ipAddress"]),
    }[letter]
    inputs = {key: int(owner.id), "ipAddress": address, "dnsPtr": "www.example.com"}
    made = hcloud_plugin.create(RDNS, "name", inputs)
    assert made.id == f"{letter}-{owner.id}-{address}"
    changed = hcloud_plugin.update(RDNS, "name", made, {**inputs, "dnsPtr": "web.example.com"})
    assert state(changed)["dnsPtr"] == "web.example.com"
    assert read_inputs(hcloud_plugin, RDNS, made.id) == {**inputs, "dnsPtr": "web.example.com"}
    hcloud_plugin.delete(RDNS, "name", made)
    assert read_inputs(hcloud_plugin, RDNS, made.id)["dnsPtr"].startswith("static.")


def test_reverse_name_of_an_ipv6_address(hcloud_plugin, server):
    """An address of a server's network has a reverse name of its own; written differently it is the same address."""
    address = state(server)["ipv6Address"]
    inputs = {"serverId": int(server.id), "ipAddress": address, "dnsPtr": "six.example.com"}
    made = hcloud_plugin.create(RDNS, "name", inputs)
    longer = ipaddress.ip_address(address).exploded
    diff = hcloud_plugin.diff(RDNS, "name", made, inputs, {**inputs, "ipAddress": longer})
    assert diff.changes == SAME
    hcloud_plugin.delete(RDNS, "name", made)
    assert hcloud_plugin.read(RDNS, "name", made.id).id == ""


def test_reverse_names_that_check_refuses(hcloud_plugin):
    """One owner, and a real address."""
    answer = hcloud_plugin.check(RDNS, "x", {"ipAddress": "nonsense", "dnsPtr": "a.test"})
    assert [failure.property for failure in answer.failures] == ["serverId", "ipAddress"]
