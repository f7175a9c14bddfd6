"""
The audit of a whole fleet in the sandbox: what is wrong is found where it is, and what does not answer is never fine.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.e2e.conftest import Fleet, run_docker

CLOUD = """python - <<'E'
import os
from hcloud import Client
client = Client(token=os.environ['HCLOUD_TOKEN'], api_endpoint=os.environ['HCLOUD_ENDPOINT'])
{statements}
E"""
HOST_TIMEOUT_S = 30


def audit(fleet: Fleet, *checks: str) -> dict[str, Any]:
    return dict(json.loads(fleet.run(f"flotilla audit {' '.join(checks)} -s local --json").stdout))


def found(report: dict[str, Any]) -> dict[tuple[str, str], str]:
    """
    What is found: {(id, resource): severity}.
    """
    rows = [row for check in report["checks"].values() for row in check["findings"]]
    return {(row["id"], row["resource"]): row["severity"] for row in rows}


def container_of(fleet: Fleet, server: str) -> str:
    instance = json.loads((fleet.checkout / ".flotilla/instance.json").read_text())["id"]
    return f"flotilla-{instance}-srv-{server}"


@contextmanager
def in_cloud(fleet: Fleet, do: str, undo: str) -> Iterator[None]:
    """
    Something is done past the stack, and undone.
    """
    fleet.run(CLOUD.format(statements=do))
    try:
        yield
    finally:
        fleet.run(CLOUD.format(statements=undo))


def test_every_check_looks_and_leaves_its_report(fleet: Fleet) -> None:
    """All of them, in one go; names, sites and certificates are as they should be."""
    report = audit(fleet)

    assert set(report["checks"]) == {"hosts", "security", "network", "containers", "data", "dns", "tls", "drift"}
    assert all(check["held"] for check in report["checks"].values())
    assert [report["checks"][name]["status"] for name in ("dns", "containers")] == ["OK", "OK"]
    assert not [key for key in found(report) if key[0].startswith(("network.port", "tls.")) or key[0].endswith("unreachable")]
    assert not [key for key in found(report) if key[0] in ("security.port-open", "security.key-unknown", "drift.changed")]
    for name, check in report["checks"].items():
        written = json.loads((fleet.checkout / "reports" / f"{name}_report.json").read_text())
        assert written["checks"][name]["status"] == check["status"]


def test_the_status_is_an_exit_code(fleet: Fleet) -> None:
    """Only where somebody asks for it."""
    assert fleet.run("flotilla audit dns -s local --fail-on warning", check=False).returncode == 0
    with in_cloud(fleet, "client.networks.create('left-behind', '10.99.0.0/16')", REMOVE):
        assert fleet.run("flotilla audit drift -s local", check=False).returncode == 0
        failed = fleet.run("flotilla audit drift -s local --fail-on warning", check=False)

    assert failed.returncode == 6
    assert "drift.unmanaged" in failed.stdout and "Traceback" not in failed.stderr


REMOVE = "client.networks.delete(client.networks.get_by_name('left-behind'))"
RELABEL = "server = client.servers.get_by_name('app-1'); server.update(labels={{**server.labels, 'pool': '{}'}})"


def test_what_was_changed_past_the_stack_is_drift(fleet: Fleet) -> None:
    """A label of a server; put back, it is none any more."""
    with in_cloud(fleet, RELABEL.format("other"), RELABEL.format("app")):
        seen = found(audit(fleet, "drift"))
        assert seen["drift.changed", "app-1-server"] == "DEGRADED"

    assert ("drift.changed", "app-1-server") not in found(audit(fleet, "drift"))


def test_a_file_edited_by_hand_is_drift(fleet: Fleet) -> None:
    """Of those that roles write; converging mends it."""
    run_docker(["exec", container_of(fleet, "data-1"), "sh", "-c", "echo {} >/etc/flotilla/host.json"])
    seen = found(audit(fleet, "drift"))
    assert seen["drift.role-differs", "data-1:/etc/flotilla/host.json"] == "DEGRADED"

    fleet.run("flotilla host converge -s local data-1 --approve important --reason test")
    assert ("drift.role-differs", "data-1:/etc/flotilla/host.json") not in found(audit(fleet, "drift"))


def test_a_dead_server_costs_its_timeout_and_is_unknown(fleet: Fleet) -> None:
    """It hangs: everything that can be said of the others is said, nothing is claimed of it, and nobody waits longer."""
    server = container_of(fleet, "data-1")
    others = {key for key in found(audit(fleet, "hosts", "security")) if not key[1].startswith("data-1")}
    run_docker(["pause", server])
    try:
        started = time.monotonic()
        report = audit(fleet, "hosts", "security")
        took_s = time.monotonic() - started
    finally:
        run_docker(["unpause", server])
    seen = found(report)

    assert (seen["hosts.unreachable", "data-1"], seen["security.unreachable", "data-1"]) == ("UNKNOWN", "UNKNOWN")
    assert {key for key in seen if key[1].startswith("data-1")} == {
        (f"{name}.unreachable", "data-1") for name in report["checks"]
    }
    assert {key for key in others if "load" not in key[0]} <= seen.keys()
    assert report["status"] != "OK"
    assert HOST_TIMEOUT_S <= took_s < HOST_TIMEOUT_S + 20


def test_another_host_key_is_critical(fleet: Fleet) -> None:
    """As after somebody put another machine in the server's place."""
    server = container_of(fleet, "data-1")
    folder, key = "/root/kept", "/etc/ssh/ssh_host_ed25519_key"
    new = f"mkdir {folder}; mv {key}* {folder}; ssh-keygen -q -t ed25519 -N '' -f {key}; systemctl restart ssh"
    run_docker(["exec", server, "sh", "-c", new])
    try:
        seen = found(audit(fleet, "security"))
    finally:
        run_docker(["exec", server, "sh", "-c", f"mv -f {folder}/* /etc/ssh/; rmdir {folder}; systemctl restart ssh"])

    assert seen["security.host-key-changed", "data-1"] == "CRITICAL"
    assert ("security.host-key-changed", "data-1") not in found(audit(fleet, "security"))
