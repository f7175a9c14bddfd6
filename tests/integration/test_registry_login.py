"""
A registry that asks who pulls, with a certificate of an authority of one's own: services, jobs, and whoever looks by hand.
"""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bcrypt
import pytest

from components import service
from components.job import service_spec, units
from components.registry import LABEL
from components.remote import SCRIPTS, script
from hosts.host import Host
from hosts.items import File
from hosts.roles import docker as role
from ops.errors import FlotillaError
from sandbox import images
from sandbox.addresses import REGISTRY_HOST, REGISTRY_PORT
from sandbox.images import DEBIAN
from sandbox.plugins.docker.provider import DockerProvider
from sandbox.plugins.docker.service import Service
from sandbox.registry import TLS_FOLDER, USER_ID
from sandbox.workspace import make_keys
from tests.integration.docker_engine import client_with

if TYPE_CHECKING:
    from tests.integration.plugin_machine import Log, Machine

pytest_plugins = ["tests.integration.plugin_machine"]

HOST = f"{REGISTRY_HOST}:{REGISTRY_PORT}"
READY_S = 30
PASSWORDS = {"ci": "the-password-of-ci", "later": "the-password-of-later"}
USERS = f"{TLS_FOLDER}/users"


@dataclass(frozen=True)
class Registry:
    """
    A registry beside the machine, which this computer's Docker reaches at `loopback`.
    """

    client: Any
    container: Any
    loopback: str

    def know(self, *users: str) -> None:
        """Let these in, and nobody else."""
        put(self.container, USERS, users_file(users))

    def push(self) -> str:
        """An image of its own, which the machine has never seen, by digest."""
        content = f"FROM {DEBIAN}\nLABEL number={uuid.uuid4().hex}\n"
        repository = f"{self.loopback}/shop"
        self.client.images.build(fileobj=io.BytesIO(content.encode()), tag=repository)
        try:
            login = {"username": "ci", "password": PASSWORDS["ci"]}
            lines = list(self.client.images.push(repository, auth_config=login, stream=True, decode=True))
            (digest,) = [line["aux"]["Digest"] for line in lines if "aux" in line]
        finally:
            self.client.images.remove(repository, force=True)
        return f"{HOST}/shop@{digest}"


def users_file(users: tuple[str, ...]) -> bytes:
    lines = (f"{name}:{bcrypt.hashpw(PASSWORDS[name].encode(), bcrypt.gensalt(4)).decode()}\n" for name in users)
    return "".join(lines).encode()


def put(container: Any, path: str, content: bytes) -> None:
    """
    A file in the registry's container, for its user only.
    """
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo(Path(path).name)
        entry.size, entry.mode, entry.uid, entry.gid, entry.mtime = len(content), 0o400, USER_ID, USER_ID, int(time.time())
        tar.addfile(entry, io.BytesIO(content))
    container.put_archive(str(Path(path).parent), archive.getvalue())


def write(machine: Machine, path: str, text: str) -> None:
    machine.run("mkdir", "-p", str(Path(path).parent))
    subprocess.run(
        ["docker", "exec", "-i", machine.name, "sh", "-c", 'umask 077; cat >"$0"', path], input=text, text=True, check=True
    )


def role_files(authority: str, user: str) -> list[File]:
    """What the role `docker` puts on a server for the registry."""
    told = {
        "address": "10.0.1.2",
        "bridge_network": "172.31.0.0/16",
        "bridge_address": "172.31.0.1",
        "has_ipv6": False,
        "open_files": None,
        "kept_releases": 5,
        "registry": HOST,
        "registry_user": user,
        "registry_authority": authority,
    }
    declaration = {"version": 1, "environment": "test", "server": "machine", "roles": {"docker": told}}
    items = role.wanted(Host(declaration=declaration, registry_password=PASSWORDS[user]))
    return [item for item in items if isinstance(item, File) and item.path.endswith(("/ca.crt", role.LOGIN))]


@pytest.fixture(scope="module")
def registry(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    """Debian's registry with two users; the machine has the role's files."""
    folder = tmp_path_factory.mktemp("registry")
    client = client_with(folder, images.REGISTRY)
    keys = make_keys(folder) / "ca"
    container = client.containers.create(
        images.tag(images.REGISTRY),
        name=f"{machine.name}-registry",
        ports={f"{REGISTRY_PORT}/tcp": (machine.connection["host"], None)},
        network=machine.name,
        networking_config={machine.name: client.api.create_endpoint_config(aliases=[REGISTRY_HOST])},
        environment={
            "REGISTRY_AUTH": "htpasswd",
            "REGISTRY_AUTH_HTPASSWD_REALM": "test",
            "REGISTRY_AUTH_HTPASSWD_PATH": USERS,
        },
        labels={"flotilla.test": machine.name},
    )
    try:
        for name in ("services.crt", "services.key"):
            put(container, f"{TLS_FOLDER}/{name}", (keys / name).read_bytes())
        put(container, USERS, users_file(("ci", "later")))
        container.start()
        for file in role_files((keys / "root.crt").read_text(), "ci"):
            write(machine, file.path, file.content)
        container.reload()
        port = int(container.ports[f"{REGISTRY_PORT}/tcp"][0]["HostPort"])
        await_registry(machine)
        yield Registry(client, container, f"{machine.connection['host']}:{port}")
    finally:
        machine.run("rm", "-rf", "/etc/docker/certs.d", str(Path(role.LOGIN).parent))
        container.remove(force=True, v=True)
        client.close()


def await_registry(machine: Machine) -> None:
    """Also proves that it asks who is there."""
    argv = ["curl", "-sS", "--cacert", f"/etc/docker/certs.d/{HOST}/ca.crt", "--retry", "20", "--retry-connrefused"]
    assert "UNAUTHORIZED" in machine.run(*argv, "--retry-delay", "1", f"https://{HOST}/v2/")


@pytest.fixture
def image(registry: Registry) -> str:
    """One that the machine has never seen."""
    return registry.push()


@pytest.fixture
def logged_in(machine: Machine) -> Iterator[Callable[..., DockerProvider]]:
    """A provider as the cluster configures it."""
    made: list[DockerProvider] = []

    def configure(user: str, password: str | None = None) -> DockerProvider:
        provider = DockerProvider()
        login = {"address": HOST, "username": user, "password": password or PASSWORDS[user]}
        provider.config = {**machine.docker_config, "registryAuth": json.dumps([login])}
        provider.configure(provider.config)
        made.append(provider)
        return provider

    yield configure
    for provider in made:
        provider.close()


def web(image: str, login: str = "00000001") -> dict[str, Any]:
    container = {"image": image, "commands": ["sleep", "1000"], "stopGracePeriod": "1s", "init": True}
    return {
        "name": "private",
        "labels": [{"label": LABEL, "value": login}],
        "taskSpec": {"containerSpec": container, "restartPolicy": {"delay": "500ms"}},
        "endpointSpec": {"mode": "dnsrr"},
        "convergeConfig": {"delay": "1s", "timeout": "1m"},
    }


def running(machine: Machine) -> list[str]:
    return machine.run("docker", "ps", "-q", "--filter", "label=com.docker.swarm.service.name=private").split()


def test_by_hand_images_are_pulled_with_the_servers_login(machine: Machine, image: str) -> None:
    """Whoever is root there may; without the folder nobody is logged in."""
    machine.run("docker", "--config", str(Path(role.LOGIN).parent), "pull", "--quiet", image)
    machine.run("docker", "image", "rm", image)
    refused = subprocess.run(
        ["docker", "exec", machine.name, "docker", "pull", image], capture_output=True, text=True, check=False
    )

    assert "no basic auth credentials" in refused.stderr


def test_a_service_is_pulled_with_the_providers_login(
    machine: Machine, image: str, logged_in: Callable[..., DockerProvider], log: Log
) -> None:
    """Nobody has logged in on the server: the swarm got the login with the service."""
    kind = Service(logged_in("ci"))
    id_, state = kind.create(log.context(), web(image))

    assert len(running(machine)) == 1
    assert PASSWORDS["ci"] not in json.dumps(state)
    assert PASSWORDS["ci"] not in machine.run("docker", "service", "inspect", "private")
    kind.delete(log.context(), id_, state)


def test_a_wrong_password_is_what_the_error_says(
    machine: Machine, image: str, logged_in: Callable[..., DockerProvider], log: Log
) -> None:
    """Docker itself says of the task only that there is no such image. Nothing is left, and no password is shown."""
    with pytest.raises(FlotillaError, match=r"the registry says: (.|\n)*unauthorized") as raised:
        Service(logged_in("ci", "a-wrong-password")).create(log.context(), web(image))

    assert "a-wrong-password" not in str(raised.value)
    assert machine.run("docker", "service", "ls", "-q") == ""


def test_another_login_reaches_a_service_that_runs_already(
    machine: Machine, registry: Registry, image: str, logged_in: Callable[..., DockerProvider], log: Log
) -> None:
    """By its label, and no container is replaced; without, a server that comes later could not pull the image any more."""
    id_, state = Service(logged_in("ci")).create(log.context(), web(image))
    kind, before = Service(logged_in("later")), running(machine)
    state = kind.update(log.context(), id_, state, web(image, login="00000002"))
    registry.know("later")
    try:
        assert running(machine) == before
        machine.run("docker", "service", "scale", "--detach", "private=0")
        deadline = time.monotonic() + READY_S
        while machine.run("docker", "ps", "-aq", "--filter", "label=com.docker.swarm.service.name=private"):
            assert time.monotonic() < deadline
            time.sleep(0.3)
        machine.run("docker", "image", "rm", image)
        machine.run("docker", "service", "scale", "private=1")
        assert len(running(machine)) == 1
    finally:
        registry.know("ci", "later")
        kind.delete(log.context(), id_, state)


def send(machine: Machine, name: str, data: dict[str, Any]) -> None:
    command = ["docker", "exec", "-i", machine.name, "sh", "-c", script(name)]
    subprocess.run(command, input=json.dumps(data), capture_output=True, text=True, timeout=60, check=True)


@pytest.fixture
def job(machine: Machine, image: str) -> Iterator[Callable[[], subprocess.CompletedProcess[str]]]:
    """Starts a job that is pulled from the registry, as its timer does."""
    machine.run("docker", "network", "create", "--driver", "overlay", "private-jobs")
    container = service.Container(
        image=image, user=10001, network_id="private-jobs", arguments=["echo", "counted"], memory_mb=64, cpus=0.5
    )
    unit, timer = units("shop-report", "30 2 * * *", 60)
    spec = json.dumps({"timeout_s": 60, "service": service_spec("shop-report", container)})
    runner = (SCRIPTS / "run_job.py").read_text()
    data = {"name": "shop-report", "job": spec, "runner": runner, "service": unit, "timer": timer}
    send(machine, "job.py", data)

    def start() -> subprocess.CompletedProcess[str]:
        argv = ["docker", "exec", machine.name, "systemctl", "start", "flotilla-job-shop-report.service"]
        return subprocess.run(argv, capture_output=True, text=True, timeout=90, check=False)

    yield start
    send(machine, "remove_job.py", data)
    machine.run("docker", "network", "rm", "private-jobs")


def test_a_job_is_pulled_with_the_servers_login(
    machine: Machine, job: Callable[[], subprocess.CompletedProcess[str]], processes_naming: Callable[[str], list[str]]
) -> None:
    """From the role's file, also in the narrow surroundings of its unit; the password is in no argument."""
    done = job()

    assert done.returncode == 0, machine.run("journalctl", "--no-pager", "-n", "20", "-u", "flotilla-job-shop-report.service")
    assert processes_naming(PASSWORDS["ci"]) == []


def test_a_job_that_may_not_pull_fails(machine: Machine, job: Callable[[], subprocess.CompletedProcess[str]]) -> None:
    """It does not pass for done, and names the image."""
    machine.run("mv", role.LOGIN, "/root/login")
    try:
        assert job().returncode != 0
    finally:
        machine.run("mv", "/root/login", role.LOGIN)
    said = machine.run("journalctl", "--no-pager", "-n", "20", "-u", "flotilla-job-shop-report.service")
    assert f"No such image: {HOST}/shop@sha256:" in said
