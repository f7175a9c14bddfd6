"""
The Hetzner and Cloudflare stand-ins under the real engine: up, change, preview, refresh, import, destroy, and being killed.

The clouds are the emulated ones over machines that are only written down (`tests/plugins/clouds.py`); booted machines have
their own tests.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Checkout
from tests.integration.plugins.projects import CHECKOUT, Project

PROGRAM = """
import pulumi, pulumi_cloudflare as cloudflare, pulumi_hcloud as hcloud
config = pulumi.Config()
private = hcloud.Network("net", name="net", ip_range="10.0.0.0/16")
subnet = hcloud.NetworkSubnet("subnet",
    network_id=private.id.apply(int), type="cloud", network_zone="eu-central", ip_range="10.0.1.0/24")
firewall = hcloud.Firewall("fw", name="fw", rules=[
    hcloud.FirewallRuleArgs(direction="in", protocol="tcp", port="443", source_ips=["0.0.0.0/0", "::/0"])])
server = hcloud.Server("web", name="web-1", server_type="cx23", image="debian-12", location="fsn1",
    labels={"color": config.get("color") or "blue"},
    user_data=pulumi.Output.secret("#cloud-config\\n# " + (config.get("boot") or "first")),
    firewall_ids=[firewall.id.apply(int)],
    networks=[hcloud.ServerNetworkArgs(network_id=private.id.apply(int), ip="10.0.1.2")],
    opts=pulumi.ResourceOptions(depends_on=[subnet]))
volume = hcloud.Volume("data", name="data", size=int(config.get("size") or 10), location="fsn1", format="ext4")
hcloud.VolumeAttachment("at", volume_id=volume.id.apply(int), server_id=server.id.apply(int))
zone = cloudflare.get_zone_output(filter={"match": "all", "name": "flotilla.test"})
cloudflare.DnsRecord("www", zone_id=zone.id, name="www.flotilla.test", type="A", content=server.ipv4_address, ttl=60)
pulumi.export("address", server.ipv4_address)
"""


DEAD = "http://127.0.0.1:9/v1"
WRONG_HCLOUD = "(unauthorized). Nothing was changed by it. Check the token"
WRONG_CLOUDFLARE = "error: zone flotilla.test: GET /zones: Authentication error (10000)."
NETWORK_ONLY = "import pulumi_hcloud as hcloud\nhcloud.Network('net', name='net', ip_range='10.0.0.0/16')\n"


@pytest.fixture
def project(project: Project) -> Project:
    """
    A project with the small fleet as its program.
    """
    project.write(PROGRAM)
    return project


@pytest.fixture
def program(project: Project, checkout: Checkout) -> Project:
    """
    The committed program in place of the small one.
    """
    shutil.copy(project.folder / "Pulumi.yaml", checkout.root)
    project.folder = checkout.root
    project.environment |= {
        "PYTHONPATH": str(CHECKOUT),
        "PULUMI_CONFIG_PASSPHRASE": (CHECKOUT / "sandbox" / "passphrase").read_text().strip(),
    }
    project.run("stack", "select", "local")
    return project


def errors(output: str) -> list[str]:
    """
    Every line of the engine's summary of what went wrong, but for the names of the resources.
    """
    _, found, after = output.partition("Diagnostics:\n")
    assert found, output
    summary = after.partition("\nResources:")[0]
    return [line.strip() for line in summary.splitlines() if line.startswith("    ")]


def test_a_fleet_lives_from_up_to_destroy(project: Project) -> None:
    """Up makes it, up again changes nothing, a change is planned and made in place, drift is seen, destroy leaves nothing."""
    project.up()
    assert project.run("stack", "output", "address").startswith("127.10.7.")
    assert project.changes() == {}
    project.run("config", "set", "color", "green")
    project.run("config", "set", "size", "12")
    assert project.changes() == {"web": "update", "data": "update"}
    project.up()
    assert project.client.servers.get_by_name("web-1").labels == {"color": "green"}
    assert project.client.volumes.get_by_name("data").size == 12
    project.run("refresh", "--yes", "--skip-preview")
    assert project.changes() == {}
    project.run("destroy", "--yes", "--skip-preview")
    assert project.client.servers.get_all() == project.client.volumes.get_all() == project.client.networks.get_all() == []


def test_a_new_first_boot_replaces_the_server(project: Project) -> None:
    """The plan says so, with what is attached to it; the old one, whose name is taken, goes first."""
    project.up()
    before = project.client.servers.get_by_name("web-1").id
    project.run("config", "set", "boot", "second")
    assert project.changes() == {"web": "replace", "at": "replace", "www": "update"}
    project.up()
    assert [server.id for server in project.client.servers.get_all()] != [before]
    assert project.changes() == {}


def test_a_server_deleted_behind_the_back_is_seen(project: Project) -> None:
    """Refresh finds it gone, the next plan makes it anew, with its record and its volume's attachment."""
    project.up()
    project.client.servers.get_by_name("web-1").delete().wait_until_finished()
    refreshed = project.run("refresh", "--yes", "--skip-preview", "--diff")
    assert "web" in refreshed
    plan = project.changes()
    assert plan["web"] == "create"
    assert plan["at"] == "create"
    project.up()
    assert project.changes() == {}


def test_what_exists_is_imported(project: Project) -> None:
    """A volume made by hand comes into the stack by its id and is not touched."""
    made = project.client.volumes.create(name="old", size=20, location=project.client.locations.get_by_name("fsn1")).volume
    project.write("import pulumi_hcloud as hcloud\nhcloud.Volume('old', name='old', size=20, location='fsn1')\n")
    arguments = ["import", "--yes", "--skip-preview", "--generate-code=false", "--protect=false"]
    project.run(*arguments, "hcloud:index/volume:Volume", "old", str(made.id))
    assert project.changes() == {}


def test_an_engine_killed_while_creating_leaves_nothing_twice(project: Project) -> None:
    """After kill -9 of the engine no plugin runs on, and the next up completes without a second server."""
    engine = subprocess.Popen(
        project.command("up", "--yes", "--skip-preview"),
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not project.client.networks.get_all() and time.monotonic() < deadline:
        time.sleep(0.01)
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    sockets = Path(project.environment["XDG_RUNTIME_DIR"]) / f"flotilla-plugins-{os.getuid()}"
    while list(sockets.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert list(sockets.iterdir()) == []
    project.run("cancel", "--yes")
    project.up()
    assert [server.name for server in project.client.servers.get_all()] == ["web-1"]
    assert len(project.client.networks.get_all()) == 1
    assert project.changes() == {}


def test_secrets_are_not_in_the_clear(project: Project) -> None:
    """Neither the state file nor the output holds a secret input."""
    project.up()
    exported = json.loads(project.run("stack", "export"))
    (server,) = [item for item in exported["deployment"]["resources"] if item["type"] == "hcloud:index/server:Server"]
    assert "ciphertext" in server["inputs"]["userData"]
    assert "ciphertext" in server["outputs"]["userData"]


def test_other_stacks_are_previewed_only(project: Project) -> None:
    """On a stack that is not the sandbox's a preview works, and up is refused before anything is made."""
    project.write(NETWORK_ONLY)
    project.run("stack", "init", "staging")
    assert project.changes()["net"] == "create"
    refused = project.run("up", "--yes", "--skip-preview", status=1)
    assert "stack staging is not a sandbox stack" in refused
    assert project.client.networks.get_all() == []


def test_a_real_endpoint_is_refused(project: Project) -> None:
    """Without the sandbox's environment the real API would be asked: the plugin refuses in one line."""
    project.write(NETWORK_ONLY)
    del project.environment["HCLOUD_ENDPOINT"]
    refused = project.run("preview", status=1)
    assert "hcloud:endpoint (or HCLOUD_ENDPOINT): api.hetzner.cloud is not a loopback address" in refused


def test_a_wrong_token_is_one_clear_line(project: Project) -> None:
    """The API's own words and the next step, for each command that works on what was made before."""
    project.write(NETWORK_ONLY)
    project.up()
    project.environment["HCLOUD_TOKEN"] = "wrong"
    for command in ("refresh", "destroy"):
        (refused, engine) = sorted(errors(project.run(command, "--yes", "--skip-preview", status=1)))
        assert "(unauthorized). Nothing was changed by it. Check the token" in refused
        assert engine == "error: update failed"


@pytest.mark.parametrize("command", [("preview",), ("up", "--yes", "--skip-preview")], ids=["preview", "up"])
@pytest.mark.parametrize(
    ("environment", "reasons"),
    [
        ({"HCLOUD_TOKEN": "wrong"}, [WRONG_HCLOUD]),
        ({"CLOUDFLARE_API_TOKEN": "wrong"}, [WRONG_CLOUDFLARE]),
        ({"CLOUDFLARE_API_TOKEN": "wrong", "HCLOUD_TOKEN": "wrong"}, [WRONG_CLOUDFLARE, WRONG_HCLOUD]),
        ({"HCLOUD_ENDPOINT": DEAD}, ["does not answer (ConnectionError). "]),
        (
            {"CLOUDFLARE_BASE_URL": DEAD, "HCLOUD_ENDPOINT": DEAD},
            ["Cloudflare API does not answer", "Hetzner API does not answer"],
        ),
        ({"CLOUDFLARE_BASE_URL": "", "HCLOUD_ENDPOINT": ""}, ["cloudflare:baseUrl (or", "hcloud:endpoint (or"]),
    ],
    ids=["hcloud", "cloudflare", "both", "dead hcloud", "dead sandbox", "no endpoints"],
)
def test_one_clear_refusal(program: Project, command: tuple[str, ...], environment: dict[str, str], reasons: list[str]) -> None:
    """A wrong token, and a sandbox that is not there, are one error of the committed program per cloud, and nothing is made."""
    right = dict(program.environment)
    program.environment |= environment
    refused = errors(program.run(*command, status=1))
    told = [reason for reason in reasons if any(reason in line for line in refused)]
    assert reasons[0] in told, refused
    assert len(refused) == len(told), refused
    program.environment = right
    assert program.client.networks.get_all() == program.client.ssh_keys.get_all() == []


def test_bad_properties_are_rejected_in_the_plan(project: Project) -> None:
    """An unknown property is named with the one that was meant."""
    project.write("import pulumi\npulumi.CustomResource('hcloud:index/volume:Volume', 'v', {'sise': 10, 'size': 10})\n")
    refused: Any = project.run("preview", status=1)
    assert "sise: is not a property of this type. Nothing was changed. Did you mean size." in refused
