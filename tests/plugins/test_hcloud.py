"""
The Hetzner Cloud stand-in at the gRPC level, over the emulated API with machines that are only written down.
"""

import grpc
import pytest

from sandbox.plugins.intents import Intents
from sandbox.plugins.provider import UNKNOWN
from sandbox.plugins.values import decode, encode
from sandbox.plugins.wire import provider_pb2

SERVER = "hcloud:index/server:Server"
NETWORK = "hcloud:index/network:Network"
SUBNET = "hcloud:index/networkSubnet:NetworkSubnet"
ROUTE = "hcloud:index/networkRoute:NetworkRoute"
SERVER_NETWORK = "hcloud:index/serverNetwork:ServerNetwork"
FIREWALL = "hcloud:index/firewall:Firewall"
ATTACHMENT = "hcloud:index/firewallAttachment:FirewallAttachment"
VOLUME = "hcloud:index/volume:Volume"
VOLUME_ATTACHMENT = "hcloud:index/volumeAttachment:VolumeAttachment"
SSH_KEY = "hcloud:index/sshKey:SshKey"
GROUP = "hcloud:index/placementGroup:PlacementGroup"
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJZBpF8ZpGzVTpkRmjOSNXyQhFnTnFqeUZk3zzPZ0hzB test"

WEB = {"name": "web-1", "serverType": "cx23", "image": "debian-12", "location": "fsn1"}
RULES = [
    {"direction": "in", "protocol": "tcp", "port": "22", "sourceIps": ["127.0.0.0/8"]},
    {"direction": "in", "protocol": "icmp", "sourceIps": ["0.0.0.0/0", "::/0"]},
]


def state(answer):
    return decode(answer.properties).values


def network(plugin):
    made = plugin.create(NETWORK, "net", {"name": "net", "ipRange": "10.0.0.0/16"})
    subnet = {"networkId": int(made.id), "type": "cloud", "networkZone": "eu-central", "ipRange": "10.0.1.0/24"}
    return made, plugin.create(SUBNET, "subnet", subnet), subnet


def test_an_ssh_key_lives_from_creation_to_deletion(hcloud_plugin):
    """Create with a fingerprint, rename in place, delete, gone."""
    made = hcloud_plugin.create(SSH_KEY, "key", {"name": "key", "publicKey": PUBLIC_KEY})
    assert state(made)["fingerprint"]
    changed = hcloud_plugin.update(SSH_KEY, "key", made, {"name": "key-2", "publicKey": PUBLIC_KEY, "labels": {"a": "b"}})
    assert (state(changed)["name"], state(changed)["labels"]) == ("key-2", {"a": "b"})
    hcloud_plugin.delete(SSH_KEY, "key", made)
    assert hcloud_plugin.read(SSH_KEY, "key", made.id).id == ""
    hcloud_plugin.delete(SSH_KEY, "key", made)


def test_a_name_is_made_up_and_kept(hcloud_plugin):
    """Without a name Check makes one from the logical name, and gives the same one again on the next run."""
    first = hcloud_plugin.inputs(SSH_KEY, "admin", {"publicKey": PUBLIC_KEY})
    name = decode(first).values["name"]
    assert name.startswith("admin-")
    assert len(name) == len("admin-") + 7
    again = hcloud_plugin.check(SSH_KEY, "admin", {"publicKey": PUBLIC_KEY}, olds=first)
    assert decode(again.inputs).values["name"] == name


def test_a_network_with_its_parts(hcloud_plugin):
    """Subnet and route have ids made of the network and their range, and can be imported by them."""
    made, subnet, given = network(hcloud_plugin)
    assert subnet.id == f"{made.id}-10.0.1.0/24"
    assert state(subnet)["gateway"] == "10.0.0.1"
    route = {"networkId": int(made.id), "destination": "10.9.0.0/16", "gateway": "10.0.1.7"}
    routed = hcloud_plugin.create(ROUTE, "route", route)
    assert routed.id == f"{made.id}-10.9.0.0/16"
    assert decode(hcloud_plugin.read(ROUTE, "again", routed.id).inputs).values == route
    assert decode(hcloud_plugin.read(SUBNET, "again", subnet.id).inputs).values == given
    for token, part in ((ROUTE, routed), (SUBNET, subnet), (NETWORK, made)):
        hcloud_plugin.delete(token, "part", part)
        assert hcloud_plugin.read(token, "part", part.id).id == ""


def test_a_server_with_everything_at_its_creation(hcloud_plugin):
    """Key, labels, user data, firewall, network and protection are there when it is made, and told when read."""
    made, _, _ = network(hcloud_plugin)
    hcloud_plugin.create(SSH_KEY, "key", {"name": "key", "publicKey": PUBLIC_KEY})
    firewall = hcloud_plugin.create(FIREWALL, "fw", {"name": "fw", "rules": RULES})
    inputs = {
        **WEB,
        "sshKeys": ["key"],
        "labels": {"role": "app"},
        "userData": "#cloud-config\n{}\n",
        "firewallIds": [int(firewall.id)],
        "networks": [{"networkId": int(made.id), "ip": "10.0.1.2"}],
        "deleteProtection": True,
        "rebuildProtection": True,
    }
    server = hcloud_plugin.create(SERVER, "web", inputs)
    found = state(server)
    assert found["ipv4Address"].startswith("127.10.7.")
    assert found["status"] == "running"
    assert found["networks"][0]["ip"] == "10.0.1.2"
    assert found["firewallIds"] == [int(firewall.id)]
    assert found["userData"] != inputs["userData"]
    again = hcloud_plugin.read(SERVER, "web", server.id, hcloud_plugin.inputs(SERVER, "web", inputs), server.properties)
    assert hcloud_plugin.diff(SERVER, "web", server, decode(again.inputs).values, inputs).changes == 1
    with pytest.raises(grpc.RpcError, match=r"protected\).*Turn its protection off"):
        hcloud_plugin.delete(SERVER, "web", server)
    opened = hcloud_plugin.update(SERVER, "web", server, {**inputs, "deleteProtection": False, "rebuildProtection": False})
    assert state(opened)["deleteProtection"] is False
    hcloud_plugin.delete(SERVER, "web", server)
    assert hcloud_plugin.read(SERVER, "web", server.id).id == ""


def test_a_server_changes_in_place(hcloud_plugin):
    """Name, labels, type, firewalls and backups change without a new server."""
    firewall = hcloud_plugin.create(FIREWALL, "fw", {"name": "fw"})
    server = hcloud_plugin.create(SERVER, "web", WEB)
    wanted = {**WEB, "name": "web-2", "labels": {"a": "b"}, "serverType": "cx33", "firewallIds": [int(firewall.id)]}
    changed = state(hcloud_plugin.update(SERVER, "web", server, wanted))
    assert {key: changed[key] for key in wanted} == wanted
    made, _, _ = network(hcloud_plugin)
    joined = {**wanted, "networks": [{"networkId": int(made.id)}]}
    assert state(hcloud_plugin.update(SERVER, "web", server, joined))["networks"][0]["networkId"] == int(made.id)


@pytest.mark.parametrize(
    ("change", "replaces"),
    [
        ({"image": "ubuntu-24.04"}, ["image"]),
        ({"location": "nbg1"}, ["location"]),
        ({"userData": "#cloud-config\n"}, ["userData"]),
        ({"sshKeys": ["key"]}, ["sshKeys"]),
        ({"serverType": "cx33"}, []),
        ({"name": "web-9"}, []),
        ({"image": UNKNOWN}, ["image"]),
    ],
)
def test_what_needs_a_new_server(hcloud_plugin, change, replaces):
    """As with the real provider: image, place, keys and first boot do, and a name a person chose must be freed first."""
    server = hcloud_plugin.create(SERVER, "web", WEB)
    answer = hcloud_plugin.diff(SERVER, "web", server, WEB, {**WEB, **change})
    assert list(answer.replaces) == replaces
    assert answer.deleteBeforeReplace is bool(replaces)
    assert set(answer.detailedDiff) == set(change)


def test_a_server_is_imported_by_its_id(hcloud_plugin):
    """An import reads back the inputs a program would write, and the program then has nothing to change."""
    server = hcloud_plugin.create(SERVER, "web", {**WEB, "labels": {"a": "b"}})
    imported = hcloud_plugin.read(SERVER, "again", server.id)
    inputs = decode(imported.inputs).values
    assert {key: inputs[key] for key in WEB} == WEB
    answer = hcloud_plugin.diff(SERVER, "again", imported, inputs, {**WEB, "labels": {"a": "b"}})
    assert answer.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_drift_is_seen(hcloud_plugin):
    """What changed behind the engine's back shows in the inputs that a refresh reads."""
    server = hcloud_plugin.create(SERVER, "web", {**WEB, "labels": {"a": "b"}})
    hcloud_plugin.update(SERVER, "web", server, {**WEB, "labels": {"a": "changed"}})
    given = hcloud_plugin.inputs(SERVER, "web", {**WEB, "labels": {"a": "b"}})
    seen = hcloud_plugin.read(SERVER, "web", server.id, given, server.properties)
    assert decode(seen.inputs).values["labels"] == {"a": "changed"}


def test_a_preview_knows_inputs_but_no_addresses(hcloud_plugin):
    """A planned server has its name and type, and addresses that are not known yet; a plan to change keeps them."""
    planned = state(hcloud_plugin.create(SERVER, "web", {**WEB, "userData": UNKNOWN}, preview=True))
    assert planned["name"] == "web-1"
    assert planned["ipv4Address"] is UNKNOWN
    assert planned["userData"] is UNKNOWN
    server = hcloud_plugin.create(SERVER, "web", WEB)
    change = state(hcloud_plugin.update(SERVER, "web", server, {**WEB, "labels": {"a": UNKNOWN}}, preview=True))
    assert change["ipv4Address"] == state(server)["ipv4Address"]
    assert change["labels"] == {"a": UNKNOWN}


def test_secret_user_data_stays_secret(hcloud_plugin):
    """Also its hash in the state."""
    server = hcloud_plugin.create(SERVER, "web", {**WEB, "userData": "#cloud-config\n"}, secrets=["userData"])
    assert decode(server.properties).secrets == {"userData"}


def test_firewall_rules_change_in_place_and_have_no_order(hcloud_plugin):
    """The same rules in another order are no difference, and others are set on the same firewall."""
    firewall = hcloud_plugin.create(FIREWALL, "fw", {"name": "fw", "rules": RULES})
    swapped = {"name": "fw", "rules": RULES[::-1]}
    assert hcloud_plugin.diff(FIREWALL, "fw", firewall, {"name": "fw", "rules": RULES}, swapped).changes == 1
    fewer = {"name": "fw", "rules": RULES[:1]}
    answer = hcloud_plugin.diff(FIREWALL, "fw", firewall, {"name": "fw", "rules": RULES}, fewer)
    assert (list(answer.replaces), list(answer.detailedDiff)) == ([], ["rules[1]"])
    assert state(hcloud_plugin.update(FIREWALL, "fw", firewall, fewer))["rules"] == RULES[:1]
    assert decode(hcloud_plugin.read(FIREWALL, "again", firewall.id).inputs).values == fewer


def test_a_firewall_is_applied_by_an_attachment(hcloud_plugin):
    """The attachment applies to exactly its servers, takes them off again, and a used firewall can be deleted."""
    firewall = hcloud_plugin.create(FIREWALL, "fw", {"name": "fw"})
    server = hcloud_plugin.create(SERVER, "web", WEB)
    inputs = {"firewallId": int(firewall.id), "serverIds": [int(server.id)]}
    attached = hcloud_plugin.create(ATTACHMENT, "on", inputs)
    assert attached.id == firewall.id
    assert decode(hcloud_plugin.read(ATTACHMENT, "on", firewall.id).inputs).values == inputs
    hcloud_plugin.delete(ATTACHMENT, "on", attached)
    assert hcloud_plugin.read(ATTACHMENT, "on", firewall.id).id == ""
    hcloud_plugin.create(ATTACHMENT, "on", inputs)
    hcloud_plugin.delete(FIREWALL, "fw", firewall)
    assert hcloud_plugin.read(FIREWALL, "fw", firewall.id).id == ""


def test_a_server_joins_a_network(hcloud_plugin):
    """By network or by subnet; the id names both ends; alias addresses change in place."""
    made, subnet, _ = network(hcloud_plugin)
    server = hcloud_plugin.create(SERVER, "web", WEB)
    inputs = {"serverId": int(server.id), "subnetId": subnet.id, "ip": "10.0.1.9"}
    joined = hcloud_plugin.create(SERVER_NETWORK, "in", inputs)
    assert joined.id == f"{server.id}-{made.id}"
    assert (state(joined)["ip"], state(joined)["networkId"]) == ("10.0.1.9", int(made.id))
    aliased = hcloud_plugin.update(SERVER_NETWORK, "in", joined, {**inputs, "aliasIps": ["10.0.1.10"]})
    assert state(aliased)["aliasIps"] == ["10.0.1.10"]
    hcloud_plugin.delete(SERVER_NETWORK, "in", joined)
    assert hcloud_plugin.read(SERVER_NETWORK, "in", joined.id).id == ""


def test_a_volume_grows_and_moves(hcloud_plugin):
    """Attached by an attachment, resized in place, detached, protected, deleted."""
    server = hcloud_plugin.create(SERVER, "web", WEB)
    inputs = {"name": "data", "size": 10, "location": "fsn1", "format": "ext4"}
    volume = hcloud_plugin.create(VOLUME, "data", inputs)
    assert state(volume)["linuxDevice"] == f"/dev/disk/by-id/scsi-0HC_Volume_{volume.id}"
    at = hcloud_plugin.create(VOLUME_ATTACHMENT, "at", {"volumeId": int(volume.id), "serverId": int(server.id)})
    assert at.id == volume.id
    assert state(hcloud_plugin.update(VOLUME, "data", volume, {**inputs, "size": 12}))["size"] == 12
    assert list(hcloud_plugin.diff(VOLUME, "data", volume, inputs, {**inputs, "location": "nbg1"}).replaces) == ["location"]
    hcloud_plugin.delete(VOLUME_ATTACHMENT, "at", at)
    assert hcloud_plugin.read(VOLUME_ATTACHMENT, "at", at.id).id == ""
    hcloud_plugin.delete(VOLUME, "data", volume)
    assert hcloud_plugin.read(VOLUME, "data", volume.id).id == ""


def test_a_placement_group_holds_servers(hcloud_plugin):
    """A server made in a group is listed by it."""
    group = hcloud_plugin.create(GROUP, "spread", {"name": "spread", "type": "spread"})
    server = hcloud_plugin.create(SERVER, "web", {**WEB, "placementGroupId": int(group.id)})
    assert state(hcloud_plugin.read(GROUP, "spread", group.id))["servers"] == [int(server.id)]


def test_lookups(hcloud_plugin):
    """Server types, images, locations and networks are found by name, in the SDK's spelling."""
    kind = hcloud_plugin.invoke("hcloud:index/getServerType:getServerType", name="cx23")
    assert kind["architecture"] == "x86"
    assert kind["cores"] >= 1
    types = hcloud_plugin.invoke("hcloud:index/getServerTypes:getServerTypes")
    assert "cx23" in types["names"]
    assert hcloud_plugin.invoke("hcloud:index/getImage:getImage", name="debian-12")["osFlavor"] == "debian"
    assert hcloud_plugin.invoke("hcloud:index/getLocation:getLocation", name="fsn1")["networkZone"] == "eu-central"
    made, _, _ = network(hcloud_plugin)
    assert hcloud_plugin.invoke("hcloud:index/getNetwork:getNetwork", name="net")["id"] == int(made.id)
    with pytest.raises(grpc.RpcError, match="there is none with name cx999"):
        hcloud_plugin.invoke("hcloud:index/getServerType:getServerType", name="cx999")


@pytest.mark.parametrize(
    ("token", "inputs", "path", "reason"),
    [
        (SERVER, {**WEB, "labels": {"-bad": "x"}}, "labels.-bad", "not what Hetzner allows"),
        (SERVER, {**WEB, "labels": {"-bad/x": "x"}}, "labels.-bad/x", "not what Hetzner allows"),
        (SERVER, {**WEB, "iso": "x.iso"}, "iso", "stand-in for hcloud cannot do this"),
        (SERVER, {**WEB, "deleteProtection": True}, "rebuildProtection", "the same as deleteProtection"),
        (SERVER, {**WEB, "userData": "x" * 40_000}, "userData", "limit of 32 KiB"),
        (SERVER, {**WEB, "networks": [{"ip": "10.0.0.1"}]}, "networks[0].networkId", "exactly one of"),
        (SERVER, {**WEB, "sshKey": ["a"]}, "sshKey", "Did you mean sshKeys"),
        (SERVER, {"name": "web"}, "serverType", "is required"),
        (VOLUME, {"name": "data", "size": 5}, "size", "between Hetzner's 10"),
        (FIREWALL, {"rules": [{"direction": "in", "protocol": "tcp"}]}, "rules[0].port", "needs a port"),
        (FIREWALL, {"rules": [{**RULES[0], "sourceIps": ["10.0.0.1/8"]}]}, "rules[0].sourceIps[0]", "host bits"),
        (NETWORK, {"ipRange": "10.0.0.0"}, "ipRange", "is an address and not a range"),
        (SERVER_NETWORK, {"serverId": 1}, "networkId", "exactly one of"),
    ],
)
def test_bad_inputs_are_rejected_by_name(hcloud_plugin, token, inputs, path, reason):
    """Each wrong property is named with its path, what is wrong and what to do."""
    (failure,) = hcloud_plugin.check(token, "x", inputs).failures
    assert failure.property == path
    assert reason in failure.reason


def test_numbers_may_come_as_text(hcloud_plugin):
    """A resource's id is text, and an id is wanted as a number: it is taken as one, as by the real provider."""
    checked = hcloud_plugin.inputs(VOLUME_ATTACHMENT, "at", {"volumeId": "7", "serverId": "12"})
    assert decode(checked).values == {"volumeId": 7, "serverId": 12}


def test_the_apis_own_words_reach_the_person(hcloud_plugin):
    """A name that is taken comes with the API's message and code, the path and what to do."""
    hcloud_plugin.create(SSH_KEY, "key", {"name": "key", "publicKey": PUBLIC_KEY})
    with pytest.raises(
        grpc.RpcError, match=r"POST /ssh_keys: .*\(uniqueness_error\)\. Nothing was changed by it\. .*pulumi import"
    ):
        hcloud_plugin.create(SSH_KEY, "other", {"name": "key", "publicKey": PUBLIC_KEY})


def test_a_wrong_token_is_one_clear_line(start_plugin, hetzner_url):
    """The token is named as the cause, with the way to the right one, before a resource is looked at."""
    plugin = start_plugin("hcloud")
    with pytest.raises(grpc.RpcError) as refused:
        plugin.configure(token="wrong", endpoint=hetzner_url)
    assert "\n" not in refused.value.details()
    assert "(unauthorized). Nothing was changed by it. Check the token" in refused.value.details()


def test_a_dead_sandbox_is_one_clear_line(start_plugin):
    """An API that does not answer is said to be the sandbox's, with the command that starts it."""
    plugin = start_plugin("hcloud")
    with pytest.raises(grpc.RpcError, match=r"does not answer.*flotilla sandbox start"):
        plugin.configure(token="any", endpoint="http://127.0.0.1:9/v1")


def test_a_creation_cut_short_is_taken_up(hcloud_plugin):
    """What was made before the engine learned its id is adopted by the next try and brought up to date, not made twice."""
    first = hcloud_plugin.create(SERVER, "web", WEB)
    second = hcloud_plugin.create(SERVER, "web", {**WEB, "labels": {"a": "b"}})
    assert second.id == first.id
    assert state(second)["labels"] == {"a": "b"}


@pytest.mark.parametrize("token", [SSH_KEY, NETWORK, FIREWALL, VOLUME, GROUP, SERVER])
def test_an_answer_that_was_lost_leaves_nothing_twice(hcloud_plugin, tmp_path, token):
    """When only the intention is on record, as after a sandbox killed before it answered, what has the name is taken up."""
    inputs = {
        SSH_KEY: {"name": "x", "publicKey": PUBLIC_KEY},
        NETWORK: {"name": "x", "ipRange": "10.0.0.0/16"},
        FIREWALL: {"name": "x", "rules": RULES},
        VOLUME: {"name": "x", "size": 10, "location": "fsn1"},
        GROUP: {"name": "x", "type": "spread"},
        SERVER: {**WEB, "name": "x"},
    }[token]
    first = hcloud_plugin.create(token, "x", inputs)
    Intents(tmp_path / "home" / "stand-ins").of(hcloud_plugin.urn(token, "x")).record("x")
    assert hcloud_plugin.create(token, "x", inputs).id == first.id


def test_once_known_to_the_engine_a_name_is_not_adopted(hcloud_plugin):
    """After the engine showed that it knows the resource, the same creation again is a clash like any other."""
    made = hcloud_plugin.create(SERVER, "web", WEB)
    hcloud_plugin.diff(SERVER, "web", made, WEB, WEB)
    with pytest.raises(grpc.RpcError, match="uniqueness_error"):
        hcloud_plugin.create(SERVER, "web", WEB)


def test_refreshing_gives_inputs_that_pass_check(hcloud_plugin):
    """What Read returns as inputs is accepted by Check, so a refresh can be followed by an update."""
    made, subnet, _ = network(hcloud_plugin)
    for token, id in ((NETWORK, made.id), (SUBNET, subnet.id)):
        seen = hcloud_plugin.read(token, "x", id)
        assert encode(decode(hcloud_plugin.inputs(token, "x", decode(seen.inputs).values)).values)


def test_an_address_that_the_api_chose_is_no_change(hcloud_plugin):
    """After a refresh a server's networks have addresses that the program never gave; another one that it gives is a change."""
    made, _, _ = network(hcloud_plugin)
    given = {**WEB, "networks": [{"networkId": int(made.id)}]}
    server = hcloud_plugin.create(SERVER, "web", given)
    read = hcloud_plugin.read(SERVER, "web", server.id, hcloud_plugin.inputs(SERVER, "web", given), server.properties)
    refreshed = {**given, "networks": decode(read.inputs).values["networks"]}
    for entry in refreshed["networks"]:
        entry.pop("macAddress", None)
    assert refreshed["networks"][0]["ip"] == "10.0.1.1"
    assert hcloud_plugin.diff(SERVER, "web", server, refreshed, given).changes == 1
    moved = {**WEB, "networks": [{"networkId": int(made.id), "ip": "10.0.1.9"}]}
    assert hcloud_plugin.diff(SERVER, "web", server, refreshed, moved).changes == 2
    elsewhere = {**WEB, "networks": [{"networkId": 7}]}
    assert hcloud_plugin.diff(SERVER, "web", server, refreshed, elsewhere).changes == 2
