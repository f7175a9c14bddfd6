"""
Servers and what is around them: nothing open that need not be, nothing replaced by an edit, nothing stateful unprotected.
"""

from __future__ import annotations

import yaml

from components.cloud_init import user_data
from components.firewall import WORLD, rules
from settings import Role
from tests.conftest import PUBLIC_KEY, Checkout

STATEFUL = {
    "hcloud:index/network:Network",
    "hcloud:index/networkSubnet:NetworkSubnet",
    "hcloud:index/server:Server",
    "hcloud:index/volume:Volume",
}


def test_ssh_is_open_to_administrators_only_and_the_web_where_the_ingress_is() -> None:
    """Each role opens what it needs and no more."""
    office = ["203.0.113.0/28"]
    app = {(rule.protocol, rule.port): rule.source_ips for rule in rules([Role.APP], office)}
    ingress = {(rule.protocol, rule.port): rule.source_ips for rule in rules([Role.INGRESS], office)}

    assert app == {("tcp", "22"): office, ("icmp", None): list(WORLD)}
    assert ingress.keys() - app.keys() == {("tcp", "80"), ("tcp", "443"), ("udp", "443")}
    assert ingress["tcp", "22"] == office


def test_an_edit_never_replaces_a_server(checkout: Checkout) -> None:
    """What counts only when a machine is made is ignored afterwards."""
    server = checkout.program().named("app-1-server")

    assert set(server.request.ignoreChanges) == {"userData", "sshKeys", "image"}


def test_a_sandbox_can_be_thrown_away(checkout: Checkout) -> None:
    """Nothing in stack `local` is protected."""
    recording = checkout.program()

    assert not [found.urn for found in recording.registrations if found.request.protect]
    assert recording.named("app-1-server").inputs["deleteProtection"] is False


def test_what_keeps_state_in_production_is_protected_twice(checkout: Checkout) -> None:
    """By the engine, and by Hetzner where it can."""
    checkout.release("production", ("1", "a", 100))
    recording = checkout.program("production")
    stateful = [found for found in recording.registrations if found.type in STATEFUL]

    assert {found.type for found in stateful} == STATEFUL
    assert all(found.request.protect for found in stateful)
    assert all(found.inputs["deleteProtection"] for found in stateful if not found.type.endswith("Subnet"))
    assert all(found.inputs["rebuildProtection"] for found in recording.of("hcloud:index/server:Server"))


def test_a_server_is_behind_its_firewall_from_the_first_second(checkout: Checkout) -> None:
    """The firewall is part of the order for the server, not attached later."""
    recording = checkout.program()
    firewall = recording.named("local-app-firewall")

    assert recording.named("app-1-server").inputs["firewallIds"] == [int(recording.outputs[firewall.parent]["firewall_id"])]


def test_a_volume_is_not_part_of_its_server(checkout: Checkout) -> None:
    """It has its own place and is attached: the server may go without it."""
    recording = checkout.program()
    disk = recording.named("app-1-data-disk")

    assert "serverId" not in disk.inputs
    assert (disk.inputs["size"], disk.inputs["format"], disk.inputs["location"]) == (10, "ext4", "fsn1")
    assert recording.named("app-1-data-mount").depends_on >= {"app-1-data-attachment", "app-1-ready"}


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
