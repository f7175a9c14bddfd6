"""
A cloud of the test's own: an instance in a temporary checkout, the daemon, real machines, and the official client.
"""

import contextlib
import json
import subprocess
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import pytest
from hcloud import Client
from hcloud.images import Image
from hcloud.server_types import ServerType

from sandbox import authority, blocks, credentials, images, supervisor
from sandbox.blocks import allocate
from sandbox.cloud.machines import remove_everything
from sandbox.instance import Instance
from tests.integration.docker_engine import client_with, ran

BOOT_S = 90
DEBIAN, SMALL = Image(name="debian-12"), ServerType("cx23")


def eventually(condition: Callable[[], Any], timeout_s: float = 30) -> Any:
    """
    The first true value of the condition; fails when there is none in time.
    """
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {condition}"
        time.sleep(0.2)
    return value


@dataclass
class Cloud:
    """
    The sandbox cloud under test.
    """

    instance: Instance
    docker: Any
    client: Client = field(init=False)

    def start(self) -> None:
        supervisor.start(self.instance)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            token = self.instance.hcloud_token_file.read_text().strip()
            self.client = Client(token, api_endpoint=self.instance.hetzner_url, poll_interval=0.1)

    def stop(self) -> None:
        supervisor.stop(self.instance)

    def create(self, name: str, **options: Any) -> "Machine":
        """
        A server whose actions have ended; it may still be booting.
        """
        options.setdefault("ssh_keys", [self.client.ssh_keys.get_by_name("test")])
        response = self.client.servers.create(name, options.pop("server_type", SMALL), DEBIAN, **options)
        for action in (response.action, *response.next_actions):
            action.wait_until_finished()
        return Machine(self, response.server.id)

    def leftovers(self) -> dict[str, list[str]]:
        """
        What Docker, the packet filter and the loop devices still have of this instance.
        """
        chosen = {"label": f"flotilla.instance={self.instance.id}"}
        api = self.docker.api
        loops = [path.read_text().strip() for path in Path("/sys/block").glob("loop*/loop/backing_file")]
        return {
            "containers": [row["Names"][0] for row in api.containers(all=True, filters=chosen)],
            "networks": [row["Name"] for row in api.networks(filters=chosen)],
            "volumes": [row["Name"] for row in api.volumes(filters=chosen)["Volumes"] or []],
            "loops": [path for path in loops if self.instance.id in path],
            "tables": [row for row in self.tables() if self.instance.id in row],
        }

    def tables(self) -> list[str]:
        """
        The names of the host's nft tables.
        """
        argv = ["nft", "--json", "list", "tables"]
        output = self.docker.containers.run(
            images.machine_image(), argv, remove=True, network_mode="host", cap_add=["NET_ADMIN"]
        )
        return [row["table"]["name"] for row in json.loads(output)["nftables"] if "table" in row]


@dataclass
class Machine:
    """
    A server and the way into it.
    """

    cloud: Cloud
    id: int

    @property
    def server(self) -> Any:
        return self.cloud.client.servers.get_by_id(self.id)

    @property
    def ip(self) -> str:
        return str(self.server.public_net.ipv4.ip)

    @property
    def private_ip(self) -> str:
        return str(self.server.private_net[0].ip)

    @property
    def container(self) -> Any:
        found = self.cloud.docker.containers.list(all=True, filters={"label": f"flotilla.server={self.id}"})
        return next(row for row in found if row.labels["flotilla.instance"] == self.cloud.instance.id)

    def ssh(self, command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """
        Run a command as root, as an operator would.
        """
        instance = self.cloud.instance
        result = subprocess.run(
            [
                "ssh", "-i", str(instance.ssh_key), "-o", f"UserKnownHostsFile={instance.known_hosts}", "-o", "BatchMode=yes",
                "-o", "StrictHostKeyChecking=accept-new", "-o", "ConnectTimeout=3", f"root@{self.ip}", command,
            ],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert not check or result.returncode == 0, result.stderr
        return result

    def booted(self) -> "Machine":
        """
        Wait until the machine can be logged into and cloud-init has ended well. It restarts SSH while it is at work.
        """
        eventually(lambda: self.ssh("cloud-init status --wait", check=False).returncode == 0, BOOT_S)
        return self

    def exec(self, *argv: str) -> tuple[int, str]:
        """
        Run a command in the machine without a network.
        """
        return ran(self.container, *argv)


@pytest.fixture(scope="session")
def docker_client(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """
    Docker, with the images of machines and load balancers in it.
    """
    return client_with(tmp_path_factory.mktemp("logs"), images.MACHINE, images.BALANCER)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, docker_client: docker.DockerClient) -> Iterator[Cloud]:
    """
    A running cloud with one SSH key; removed whole at the end.
    """
    instance = allocate(tmp_path_factory.mktemp("checkout"))
    credentials.ensure(instance)
    authority.ensure(instance)
    running = Cloud(instance, docker_client)
    try:
        running.start()
        running.client.ssh_keys.create("test", instance.ssh_public_key.read_text())
        yield running
    finally:
        running.stop()
        remove_everything(instance, docker_client)
        with contextlib.suppress(FileNotFoundError):
            blocks.release(instance)
    assert not any(running.leftovers().values())
