"""
Servers and what is around them: nothing open that need not be, nothing replaced by an edit, nothing stateful unprotected.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from components.cloud_init import user_data
from components.firewall import WORLD, rules
from settings import Role
from tests.conftest import HOST_KEY, PUBLIC_KEY, Checkout

OFFICE = ["203.0.113.0/28"]
STATEFUL = {
    "hcloud:index/network:Network",
    "hcloud:index/networkSubnet:NetworkSubnet",
    "hcloud:index/server:Server",
    "hcloud:index/volume:Volume",
}
SERVER = "hcloud:index/server:Server"


def opened(*roles: Role) -> dict[tuple[str, str | None], list[str]]:
    return {(rule.protocol, rule.port): rule.source_ips for rule in rules(list(roles), OFFICE)}


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.INGRESS}))
def test_a_server_answers_administrators_and_ping_only(role: Role) -> None:
    """Databases, backups and monitoring are not reachable from the internet; SSH is, from the administrators' ranges."""
    assert opened(role) == {("tcp", "22"): OFFICE, ("icmp", None): list(WORLD)}


def test_the_web_is_open_where_the_ingress_is() -> None:
    """HTTP, HTTPS and HTTP/3 in addition, SSH no wider."""
    ingress = opened(Role.APP, Role.INGRESS)

    assert ingress.keys() - opened(Role.APP).keys() == {("tcp", "80"), ("tcp", "443"), ("udp", "443")}
    assert ingress["tcp", "22"] == OFFICE


def test_an_edit_never_replaces_a_server(checkout: Checkout) -> None:
    """What counts only when a machine is made is ignored afterwards; another type changes it in place, and back."""
    server = checkout.foundation().named("app-1-server")

    assert set(server.request.ignoreChanges) == {"userData", "sshKeys", "image"}
    assert server.inputs["keepDisk"] is True


def test_another_key_of_an_administrator_replaces_no_server(checkout: Checkout) -> None:
    """Removed first, the engine would make every server anew that was made with it; so the new key is there beside it."""
    keys = checkout.foundation("production").of("hcloud:index/sshKey:SshKey")

    assert keys
    assert all(key.request.deleteBeforeReplaceDefined and not key.request.deleteBeforeReplace for key in keys)
    assert all(re.fullmatch(r"production-.+-[0-9a-f]{8}", key.inputs["name"]) for key in keys)


def test_a_sandbox_can_be_thrown_away(checkout: Checkout) -> None:
    """Nothing in stack `local` is protected."""
    recording = checkout.foundation()

    assert not [found.urn for found in recording.registrations if found.request.protect]
    assert recording.named("app-1-server").inputs["deleteProtection"] is False


def test_what_keeps_state_in_production_is_protected_twice(checkout: Checkout) -> None:
    """By the engine, and by Hetzner where it can."""
    recording = checkout.foundation("production")
    stateful = [found for found in recording.registrations if found.type in STATEFUL]

    assert {found.type for found in stateful} == STATEFUL
    assert all(found.request.protect for found in stateful)
    assert all(found.inputs["deleteProtection"] for found in stateful if not found.type.endswith("Subnet"))
    assert all(found.inputs["rebuildProtection"] for found in recording.of(SERVER))


def test_a_server_is_behind_its_firewall_from_the_first_second(checkout: Checkout) -> None:
    """The firewall is part of the order for the server, not attached later."""
    recording = checkout.foundation()
    firewall = recording.named("local-app-firewall")

    assert recording.named("app-1-server").inputs["firewallIds"] == [int(recording.outputs[firewall.parent]["firewall_id"])]


def test_ten_servers_share_a_placement_group(checkout: Checkout) -> None:
    """From the first server on, so that none has to be stopped to join one; the eleventh begins another."""
    groups = {}
    for count in (1, 11):
        checkout.change_environment("local", lambda found, count=count: found["servers"]["app"].update(count=count))
        recording = checkout.foundation()
        groups[count] = {found.name: found.inputs["placementGroupId"] for found in recording.of(SERVER)}

    assert len(set(groups[11].values())) == 2
    assert len({groups[11][f"app-{number}-server"] for number in range(1, 11)}) == 1
    assert set(groups[1]) == {"app-1-server"}


def test_a_server_joins_the_subnet_of_its_place(checkout: Checkout) -> None:
    """By the subnet's id, so that it is not attached before the subnet is there."""
    recording = checkout.foundation()
    subnet = recording.named("local-subnet-eu-central")
    address = recording.named("app-1-address")

    assert (subnet.inputs["networkZone"], subnet.inputs["ipRange"]) == ("eu-central", "10.0.1.0/24")
    assert "local-subnet-eu-central" in address.depends_on


def test_routes_come_after_the_subnets(checkout: Checkout) -> None:
    """A route's gateway is a server in a subnet."""

    def add_route(environment: dict[str, Any]) -> None:
        environment["network"]["routes"] = [{"destination": "10.99.0.0/16", "gateway": "10.0.1.2"}]

    checkout.change_environment("local", add_route)
    route = checkout.foundation().named("local-route-10.99.0.0-16")

    assert (route.inputs["destination"], route.inputs["gateway"]) == ("10.99.0.0/16", "10.0.1.2")
    assert "local-subnet-eu-central" in route.depends_on


@pytest.mark.parametrize("ipv6", [True, False])
def test_ipv6_is_a_switch(checkout: Checkout, ipv6: bool) -> None:
    """Off, a server is ordered without such an address, and none is in the outputs."""
    checkout.change_environment("local", lambda found: found["network"].update(ipv6=ipv6))
    recording = checkout.foundation()
    nets = recording.named("app-1-server").inputs.get("publicNets")

    assert nets == (None if ipv6 else [{"ipv4Enabled": True, "ipv6Enabled": False}])
    assert ("ipv6" in recording.stack_outputs["servers"]["app-1"]) is ipv6


def test_a_servers_host_key_is_what_it_showed_when_it_was_ready(checkout: Checkout) -> None:
    """Kept in the state from then on, and told to whoever logs in later."""
    recording = checkout.foundation()

    assert recording.stack_outputs["servers"]["app-1"]["host_key"] == HOST_KEY
    assert recording.outputs[recording.named("app-1", "flotilla:compute:Server").urn]["host_key"] == HOST_KEY


def test_a_volume_is_not_part_of_its_server(checkout: Checkout) -> None:
    """It has its own place and is attached: the server may go without it."""
    recording = checkout.foundation()
    disk = recording.named("app-1-data-disk")

    assert "serverId" not in disk.inputs
    assert (disk.inputs["size"], disk.inputs["format"], disk.inputs["location"]) == (10, "ext4", "fsn1")
    assert recording.named("app-1-data-mount").depends_on >= {"app-1-data-attachment", "app-1-ready"}


def test_every_cloud_resource_says_whose_it_is(checkout: Checkout) -> None:
    """All that can carry labels has the environment's name and who manages it."""
    recording = checkout.foundation("production")
    labelled = [found for found in recording.registrations if "labels" in found.inputs]

    assert {found.type for found in labelled} >= {SERVER, "hcloud:index/volume:Volume", "hcloud:index/firewall:Firewall"}
    for found in labelled:
        assert found.inputs["labels"].items() >= {"managed-by": "flotilla", "environment": "production"}.items()


def test_first_boot_leaves_no_password_and_no_need_for_root() -> None:
    """Keys only, an administrator with sudo, and sshd told so before anything else is done."""
    document = yaml.safe_load(user_data([PUBLIC_KEY]))
    (sshd,) = document["write_files"]

    assert document["ssh_pwauth"] is False
    assert document["users"][0]["ssh_authorized_keys"] == [PUBLIC_KEY]
    assert document["users"][0]["lock_passwd"] is True
    assert "PasswordAuthentication no" in sshd["content"]
    assert "PermitRootLogin prohibit-password" in sshd["content"]


def test_first_boot_fits_even_with_a_hundred_administrators() -> None:
    """Hetzner takes 32 KiB of user data."""
    assert user_data([PUBLIC_KEY] * 100).startswith("#cloud-config\n")
    assert len(user_data([PUBLIC_KEY] * 100).encode()) < 32 * 1024
