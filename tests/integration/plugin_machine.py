"""
One machine for the tests of the docker and command plugins: booted from the sandbox's image, a one-node swarm, ssh on loopback.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.cloud.machines import networks
from sandbox.cloud.machines.machine import CAPABILITIES
from sandbox.images import DEBIAN, MACHINE, machine_image
from sandbox.plugins.provider import Context
from tests.integration.docker_engine import client_with

# Outside 127.10.0.0/16, which the sandbox's instances share out.
ADDRESS = "127.11.0.1"


@dataclass(frozen=True)
class Machine:
    """
    A machine container, and how to reach it: by ssh at this port of loopback, and by its neighbours at its own address.
    """

    name: str
    port: int
    key: Path
    ip: str

    @property
    def connection(self) -> dict[str, object]:
        """
        For the command plugin.
        """
        return {"host": ADDRESS, "port": self.port, "user": "root", "privateKey": self.key.read_text(), "dialErrorLimit": 30}

    @property
    def docker_config(self) -> dict[str, object]:
        """
        For the docker plugin, with the options as the engine passes them.
        """
        options = ["-i", str(self.key), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
        return {"host": f"ssh://root@{ADDRESS}:{self.port}", "sshOpts": options}

    def run(self, *argv: str) -> str:
        """
        Run something in the machine, past ssh.
        """
        done = subprocess.run(["docker", "exec", self.name, *argv], capture_output=True, text=True, timeout=120, check=True)
        return done.stdout.strip()


class Log(list[str]):
    """
    What a provider shows.
    """

    def context(self, urn: str = "urn:test", timeout_s: float = 120, **more: object) -> Context:
        """
        The surroundings of an operation.
        """
        return Context(
            urn=urn,
            stack="local",
            preview=False,
            timeout_s=timeout_s,
            config={},
            log=lambda _severity, text: self.append(text),
            **more,  # type: ignore[arg-type]
        )


@pytest.fixture
def log() -> Log:
    """
    An empty log.
    """
    return Log()


@contextmanager
def started_machine(folder: Path) -> Iterator[Machine]:
    """
    A machine, a moment after its start: it does not answer on ssh yet. It is gone afterwards.
    """
    client = client_with(folder, MACHINE)
    key, seed = folder / "key", folder / "seed"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    seed.mkdir()
    (seed / "user-data").write_text("#cloud-config\ndisable_root: false\n")
    public = [key.with_suffix(".pub").read_text().strip()]
    (seed / "meta-data").write_text(json.dumps({"instance-id": "i-1", "local-hostname": "machine", "public-keys": public}))
    name = f"flotilla-test-{uuid.uuid4().hex[:8]}"
    # Where Docker in the machine takes no addresses from for bridges of its own.
    network = networks.ensure(client, name, {"flotilla.test": name})
    container = client.containers.run(
        machine_image(),
        ["/sbin/init"],
        name=name,
        hostname="machine",
        network=name,
        ports={"22/tcp": (ADDRESS, None)},
        cap_add=CAPABILITIES,
        cgroupns="host",
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        tmpfs={"/run": "", "/tmp": ""},  # noqa: S108 -- mount points in the machine
        volumes=["/sys/fs/cgroup:/sys/fs/cgroup:rw", f"{seed}:/var/lib/cloud/seed/nocloud:ro", "/var/lib/docker"],
        labels={"flotilla.test": name},
        detach=True,
    )
    try:
        container.reload()
        port = int(container.ports["22/tcp"][0]["HostPort"])
        [attached] = container.attrs["NetworkSettings"]["Networks"].values()
        yield Machine(name=name, port=port, key=key, ip=attached["IPAddress"])
    finally:
        container.remove(force=True, v=True)
        network.remove()
        client.close()


@pytest.fixture
def booting(tmp_path: Path) -> Iterator[Machine]:
    """
    A machine of the test's own that does not answer on ssh yet.
    """
    with started_machine(tmp_path) as started:
        yield started


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """
    The machine that tests share, as a one-node swarm with one image.
    """
    with started_machine(tmp_path_factory.mktemp("machine")) as started:
        _make_swarm(started)
        yield started


def _make_swarm(started: Machine) -> None:
    deadline = time.monotonic() + 60
    while subprocess.run(["docker", "exec", started.name, "docker", "info"], capture_output=True, check=False).returncode != 0:
        assert time.monotonic() < deadline, "Docker did not start in the machine"
        time.sleep(0.3)
    started.run("docker", "swarm", "init", "--advertise-addr", "eth0")
    save = subprocess.Popen(["docker", "save", DEBIAN], stdout=subprocess.PIPE)
    subprocess.run(["docker", "exec", "-i", started.name, "docker", "load"], stdin=save.stdout, capture_output=True, check=True)
    assert save.wait(60) == 0


@pytest.fixture
def processes_naming() -> Callable[[str], list[str]]:
    """
    Finds the command lines on this computer, those in containers included, that hold a text.
    """

    def find(text: str) -> list[str]:
        others = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid()]
        return [line for line in map(_command_line, others) if text in line]

    return find


def _command_line(process: Path) -> str:
    try:
        return (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:  # it has ended
        return ""
