"""
A server that was made as Pulumi makes one, with the roles `common` and `docker`; and a neighbour on both of its networks.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from components.cloud_init import user_data
from components.declarations import ports
from components.declarations.docker import bridge_network
from hosts.request import Outcome, Target
from ops import hosts
from sandbox.cloud.machines.machine import CAPABILITIES
from sandbox.images import DEBIAN, MACHINE, machine_image
from settings import Role
from tests.integration.docker_engine import client_with, ran

# Outside 127.10.0.0/16, which the sandbox's instances share out.
ADDRESS = "127.11.0.2"
BOOT_S = 180
OVERLAY = "172.28.0.0/14"


@dataclass
class Stand:
    """
    `told` is what `common` is told beside networks and ports; tests change it.
    """

    client: Any
    server: Any
    neighbour: Any
    uplink: Any
    private: Any
    key: Path
    told: dict[str, Any] = field(default_factory=dict)

    @property
    def port(self) -> int:
        self.server.reload()
        return int(self.server.ports["22/tcp"][0]["HostPort"])

    def address(self, container: Any, network: Any) -> str:
        """Of a container in one of the two networks."""
        container.reload()
        return str(container.attrs["NetworkSettings"]["Networks"][network.name]["IPAddress"])

    def public_key(self) -> str:
        return self.key.with_suffix(".pub").read_text().strip()

    def declaration(self, **changes: Any) -> dict[str, Any]:
        """Of a server with apps and the ingress."""
        found = [Role.APP, Role.INGRESS]
        private = subnet(self.private)
        bridges = bridge_network([subnet(self.uplink), private, OVERLAY])
        common = {
            "admins": {"alice": self.public_key()},
            # What Docker makes of connections from this computer.
            "ssh_sources": [f"{gateway(self.uplink)}/32"],
            "private_network": private,
            "container_networks": OVERLAY,
            "public_ports": ports.public(found),
            "private_ports": ports.private(found),
            "log_retention_days": 7,
            "updates": {"on_calendar": "*-*-* 03:30:00 UTC", "may_restart": True},
            "is_sandbox": False,
            **self.told,
            **changes,
        }
        containers = {
            "address": self.address(self.server, self.private),
            "bridge_network": str(bridges),
            "bridge_address": str(bridges[1]),
            "has_ipv6": False,
            "open_files": None,
            "kept_releases": 5,
            "registry": "registry.example.com",
            "registry_user": None,
            "registry_authority": None,
        }
        roles = {"common": common, "app": {}, "ingress": {}, "docker": containers}
        return {"version": 1, "environment": "test", "server": "server", "roles": roles}

    def target(self, **changes: Any) -> Target:
        words = self.run("cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()
        return Target(
            address=ADDRESS,
            port=self.port,
            host_key=" ".join(words[:2]),
            declaration=self.declaration(**changes),
            private_key=self.key.read_text(),
            key="k" * 40,
        )

    def converge(self, *, is_dry: bool = False, **changes: Any) -> Outcome:
        (outcome,) = hosts.converge([self.target(**changes)], is_dry=is_dry)
        return outcome

    def run(self, *argv: str, check: bool = True) -> str:
        """What a command in the server prints, past ssh."""
        code, output = ran(self.server, *argv)
        assert code == 0 or not check, output
        return output.strip()

    def reaches(self, port: int, network: Any, says: str = "") -> bool:
        """
        Whether the neighbour gets an answer from the server over this network, in two seconds; one that has to say something is
        asked up to five times, since a busy computer may take longer.
        """
        address = self.address(self.server, network)
        script = f"printf 'GET / HTTP/1.0\r\n\r\n' | timeout 4 nc -w 2 {address} {port}"
        answers = (ran(self.neighbour, "sh", "-c", script) for _ in range(5 if says else 1))
        return any(says in output if says else code == 0 for code, output in answers)


@dataclass(frozen=True)
class Lynis:
    """What Lynis says of a server: its index, and warnings by id."""

    index: int
    warnings: dict[str, str]


def lynis(stand: Stand) -> Lynis:
    """A whole audit, from inside."""
    stand.run("sh", "-c", "lynis audit system --quick --no-colors > /tmp/lynis.txt 2>&1", check=False)
    rows = [line.partition("=")[::2] for line in stand.run("cat", "/var/log/lynis-report.dat").splitlines()]
    warnings = {value.partition("|")[0]: value for name, value in rows if name == "warning[]"}
    return Lynis(int(dict(rows)["hardening_index"]), warnings)


def upgrade(stand: Stand) -> None:
    """What the server does by itself every night. systemd is started anew by it, which forgets who waits: so nobody does."""
    stand.run("systemctl", "start", "--no-block", "apt-daily.service", "apt-daily-upgrade.service")

    def has_ended() -> bool:
        jobs = stand.run("systemctl", "list-jobs", "--no-legend", check=False)
        states = stand.run("systemctl", "is-active", "apt-daily.service", "apt-daily-upgrade.service", check=False).split()
        return "apt-daily" not in jobs and states == ["inactive", "inactive"]

    eventually(has_ended, 400)


def ssh_audit(stand: Stand) -> dict[str, Any]:
    """What ssh-audit says of it, from outside."""
    argv = [str(Path(sys.executable).parent / "ssh-audit"), "--json", "--port", str(stand.port), ADDRESS]
    return dict(json.loads(subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120).stdout))


def notes(audit: dict[str, Any], kind: str) -> list[tuple[str, str]]:
    """What ssh-audit calls `fail` or `warn`: the algorithm, and why."""
    rows = [row for part in ("kex", "key", "enc", "mac") for row in audit[part]]
    return [(row["algorithm"], note) for row in rows for note in row["notes"].get(kind, ())]


def subnet(network: Any) -> str:
    return str(network.attrs["IPAM"]["Config"][0]["Subnet"])


def gateway(network: Any) -> str:
    return str(network.attrs["IPAM"]["Config"][0]["Gateway"])


def eventually(condition: Callable[[], Any], timeout_s: float = 60) -> Any:
    """The first true value of the condition; fails when there is none in time."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {condition}"
        time.sleep(0.5)
    return value


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """The server after its first boot, without a role."""
    folder = tmp_path_factory.mktemp("hardening")
    client = client_with(folder, MACHINE)
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text().strip()
    seed = folder / "seed"
    seed.mkdir()
    (seed / "user-data").write_text(user_data([public]))
    (seed / "meta-data").write_text(json.dumps({"instance-id": "i-1", "local-hostname": "server", "public-keys": [public]}))
    name = f"flotilla-test-{uuid.uuid4().hex[:8]}"
    networks = [client.networks.create(f"{name}-{part}", labels={"flotilla.test": name}) for part in ("a", "b")]
    for network in networks:
        network.reload()
    common = {"network": networks[0].name, "labels": {"flotilla.test": name}, "detach": True}
    server = client.containers.create(
        machine_image(),
        ["/sbin/init"],
        name=name,
        hostname="server",
        ports={"22/tcp": (ADDRESS, None)},
        cap_add=CAPABILITIES,
        cgroupns="host",
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        tmpfs={"/run": "", "/tmp": ""},  # noqa: S108 -- mount points in the machine
        volumes=["/sys/fs/cgroup:/sys/fs/cgroup:rw", f"{seed}:/var/lib/cloud/seed/nocloud:ro", "/var/lib/docker"],
        **common,
    )
    neighbour = client.containers.create(machine_image(), ["sleep", "infinity"], name=f"{name}-neighbour", **common)
    try:
        for container in (server, neighbour):
            networks[1].connect(container)
            container.start()
        stand = Stand(client=client, server=server, neighbour=neighbour, uplink=networks[0], private=networks[1], key=key)
        eventually(lambda: "done" in stand.run("cloud-init", "status", check=False), BOOT_S)
        yield stand
    finally:
        for container in (server, neighbour):
            container.remove(force=True, v=True)
        for network in networks:
            network.remove()
        client.close()


@pytest.fixture(scope="module")
def first(bare: Stand) -> Outcome:
    """What was done to make it what it is to be."""
    return bare.converge()


@pytest.fixture
def stand(bare: Stand, first: Outcome) -> Iterator[Stand]:
    """The server as it is to be; what a test told it is taken back."""
    assert first.error == ""
    yield replace(bare, told={})
    again = bare.converge()
    assert again.error == ""


@pytest.fixture(scope="module")
def with_image(bare: Stand) -> None:
    """The server has an image to run."""
    save = subprocess.Popen(["docker", "save", DEBIAN], stdout=subprocess.PIPE)
    subprocess.run(
        ["docker", "exec", "-i", bare.server.name, "docker", "load"], stdin=save.stdout, capture_output=True, check=True
    )
    assert save.wait(60) == 0
