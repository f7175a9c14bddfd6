"""
The machine image, booted for real; and a Docker daemon started by us.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import tarfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import docker_host, images
from sandbox.images import build, debian
from tests.integration.docker_engine import client_with, ran

BOOT_S = 30
ROLE_SERVICES = [
    "fail2ban", "nftables", "auditd", "chrony", "unattended-upgrades", "postgresql", "pgbouncer", "prometheus",
    "prometheus-alertmanager", "prometheus-node-exporter", "prometheus-postgres-exporter", "prometheus-pgbouncer-exporter",
    "prometheus-blackbox-exporter",
]  # fmt: skip
ROLE_PROGRAMS = ["pgbackrest", "restic", "lynis", "needrestart", "promtool", "amtool", "nft", "mkfs.ext4", "mkfs.xfs"]
CAPABILITIES = [
    "SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_PTRACE", "SYS_CHROOT", "MKNOD", "DAC_READ_SEARCH", "AUDIT_WRITE", "SYS_NICE",
]  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """This machine's Docker, with the machine image."""
    return client_with(tmp_path_factory.mktemp("log"), images.MACHINE)


@pytest.fixture(scope="module")
def machines(client: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    """Two machines that have just booted, each with a cloud-init seed."""
    started = []
    try:
        for _ in range(2):
            name = f"flotilla-test-{uuid.uuid4().hex[:8]}"
            seed = tmp_path_factory.mktemp("seed")
            (seed / "user-data").write_text("#cloud-config\nruncmd:\n - echo ran > /root/ran\n")
            (seed / "meta-data").write_text(json.dumps({"instance-id": name, "local-hostname": name, "public-keys": [_key()]}))
            started.append(_create(client, name, seed))
            started[-1].start()
        for machine in started:
            _wait_for_systemd(machine)
        yield started
    finally:
        for machine in started:
            machine.remove(force=True, v=True)


def test_machine_boots_whole_and_quickly(machines: list[Any]) -> None:
    """systemd says `running`, not `degraded`; cloud-init is done, without a warning, and ran what it was given."""
    for machine in machines:
        assert _run(machine, "systemctl", "is-system-running", "--wait").strip() == "running"
        assert "status: done" in _run(machine, "cloud-init", "status", "--wait")
        assert "WARNING" not in _run(machine, "cat", "/var/log/cloud-init.log")
        assert _run(machine, "cat", "/root/ran").strip() == "ran"


def test_root_is_let_in_with_the_requests_key_only(machines: list[Any]) -> None:
    """As on Hetzner's images: the keys of the request open root, and no password does."""
    assert _run(machines[0], "cat", "/root/.ssh/authorized_keys").strip() == _key()
    assert _run(machines[0], "passwd", "--status", "root").split()[1] == "L"


def test_every_machine_has_an_identity_of_its_own(machines: list[Any]) -> None:
    """Host keys and machine id are made at first boot, not baked in."""
    for path in ("/etc/machine-id", "/etc/ssh/ssh_host_ed25519_key.pub"):
        first, second = (_run(machine, "cat", path).strip() for machine in machines)
        assert first != second
        assert first


def test_engine_runs_on_overlay2(machines: list[Any]) -> None:
    """The machine's own Docker is up, with the storage driver that a real server has."""
    assert _run(machines[0], "docker", "info", "--format", "{{.Driver}}").strip() == "overlay2"


def test_services_of_the_roles_are_there_and_off(machines: list[Any]) -> None:
    """What a role will enable can be enabled: installed, not running, not masked."""
    answer = _run(machines[0], "systemctl", "is-enabled", *ROLE_SERVICES, check=False)
    assert answer.split() == ["disabled"] * len(ROLE_SERVICES)
    listening = _run(machines[0], "ss", "--listening", "--tcp", "--numeric", "--no-header")
    assert {line.split()[3].rsplit(":", 1)[1] for line in listening.splitlines() if "127.0.0" not in line} == {"22"}


def test_programs_of_the_roles_are_there(machines: list[Any]) -> None:
    """Nothing has to be downloaded while a server is set up."""
    found = _run(machines[0], "bash", "-lc", f"type -P {' '.join(ROLE_PROGRAMS)}", check=False)
    assert {Path(line).name for line in found.split()} == set(ROLE_PROGRAMS)


def test_role_service_can_be_started(machines: list[Any]) -> None:
    """fail2ban reads the journal, as a role will set it up, which needs a package that it does not bring along by itself."""
    _run(machines[0], "sh", "-c", r"printf '[sshd]\nbackend = systemd\n' > /etc/fail2ban/jail.local")
    _run(machines[0], "systemctl", "enable", "--now", "fail2ban")
    time.sleep(1)
    assert _run(machines[0], "systemctl", "is-active", "fail2ban").strip() == "active"


def test_machine_keeps_its_identity_over_a_restart(machines: list[Any]) -> None:
    """Host keys stay, so that nobody is warned of a changed machine, and it is whole again."""
    machine = machines[1]
    before = _run(machine, "cat", "/etc/ssh/ssh_host_ed25519_key.pub")
    machine.restart(timeout=10)
    _wait_for_systemd(machine)
    assert _run(machine, "systemctl", "is-system-running", "--wait").strip() == "running"
    assert _run(machine, "cat", "/etc/ssh/ssh_host_ed25519_key.pub") == before


def test_images_that_are_there_are_not_built_again(client: Any, tmp_path: Path) -> None:
    """Nothing is written into the build log, because nothing is built."""
    build.ensure(client, images.MACHINE, log=tmp_path / "docker.log")
    assert not (tmp_path / "docker.log").exists()
    assert build.missing(client, images.MACHINE) == []


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Any, Path]]:
    """A Docker daemon that we started: its process, a client, its log. It ends with the test."""
    socket, log = tmp_path / "d.sock", tmp_path / "dockerd.log"
    folders = [f"--data-root={tmp_path / 'data'}", f"--exec-root={tmp_path / 'exec'}", f"--pidfile={tmp_path / 'pid'}"]
    # In a network of its own: a second daemon would take the first one's bridge away.
    command = ["unshare", "--net", "dockerd", f"--host=unix://{socket}", *folders, "--bridge=none", "--iptables=false"]
    process = docker_host.start_daemon(command, log)
    try:
        found = None
        deadline = time.monotonic() + BOOT_S
        while found is None and time.monotonic() < deadline:
            time.sleep(0.2)
            found = docker_host.connect(f"unix://{socket}")
        assert found is not None, log.read_text()
        yield process, found, log
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_daemon_that_we_start_outlives_us(daemon: tuple[subprocess.Popen[bytes], Any, Path]) -> None:
    """It is in a session of its own, so that no closed terminal ends it, and its output is in the log."""
    process, _, log = daemon
    assert os.getsid(process.pid) == process.pid
    assert "API listen on" in log.read_text()


def test_removing_images_takes_ours_and_no_other(daemon: tuple[subprocess.Popen[bytes], Any, Path]) -> None:
    """Every version of ours goes, and the Debian that we made; one that was pulled, and anybody else's, stays."""
    _, client, _ = daemon
    for name in ("flotilla/base:old", "flotilla/machine:older", "somebody/else:1", images.DEBIAN):
        _import_empty(client, name)
    assert build.remove_all(client) == ["flotilla/base:old", "flotilla/machine:older"]
    assert {tag for image in client.images.list() for tag in image.tags} == {"somebody/else:1", images.DEBIAN}
    client.api.tag(images.DEBIAN, debian.OWN_NAME, "bookworm")
    assert build.remove_all(client) == [images.DEBIAN, "flotilla/debian:bookworm"]
    assert {tag for image in client.images.list() for tag in image.tags} == {"somebody/else:1"}


def test_removing_images_takes_the_stages_of_builds(daemon: tuple[subprocess.Popen[bytes], Any, Path]) -> None:
    """An untagged stage of a project's build on our base goes; an untagged image on somebody else's stays."""
    _, client, _ = daemon
    for name in ("flotilla/base:now", "somebody/else:1"):
        _import_empty(client, name)
        two_stages = f"FROM {name} AS first\nLABEL stage=first\nFROM {name}\nLABEL stage=second\n"
        client.images.build(fileobj=io.BytesIO(two_stages.encode()), rm=True)
    assert len(client.api.images(all=True)) == 6
    build.remove_all(client)
    assert len(client.api.images(all=True)) == 3


def _import_empty(client: Any, name: str) -> None:
    """
    An image with one file that holds its name.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("name")
        entry.size = len(name)
        tar.addfile(entry, io.BytesIO(name.encode()))
    repository, _, version = name.partition(":")
    client.api.import_image_from_data(archive.getvalue(), repository=repository, tag=version)


def _create(client: Any, name: str, seed: Path) -> Any:
    return client.containers.create(
        images.machine_image(),
        name=name,
        hostname=name,
        cap_add=CAPABILITIES,
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        cgroupns="host",
        tmpfs={"/run": "", "/tmp": ""},  # noqa: S108  inside the machine
        volumes=["/sys/fs/cgroup:/sys/fs/cgroup:rw", f"{seed}:/var/lib/cloud/seed/nocloud:ro", "/var/lib/docker"],
    )


def _wait_for_systemd(machine: Any) -> None:
    deadline = time.monotonic() + BOOT_S
    while time.monotonic() < deadline:
        if ran(machine, "systemctl", "is-active", "ssh")[0] == 0:
            return
        time.sleep(0.1)
    raise AssertionError(f"no sshd after {BOOT_S} s: {machine.logs().decode()}")


def _run(machine: Any, *command: str, check: bool = True) -> str:
    code, text = ran(machine, *command)
    assert not check or code == 0, text
    return text


def _key() -> str:
    return "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB1+iO7tsUAtU8GAIEeASo1f/WtboULNVnigL2jynPFj test"
