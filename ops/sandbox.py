"""
What the sandbox is doing: its services, its machines, and the sites that it serves.
"""

from __future__ import annotations

import json
import shlex
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import MissingToolError
from sandbox import docker_host, lifecycle, supervisor
from sandbox.addresses import CLOUDFLARE_PORT, DNS_PORT, HETZNER_PORT
from sandbox.instance import Instance, load
from sandbox.publish import STACK, Published

RUNNING, STOPPED, MISSING = "running", "stopped", "missing"
TIMEOUT_S = 5


@dataclass(frozen=True)
class Service:
    """
    A part of the sandbox itself.
    """

    name: str
    state: str
    address: str


@dataclass(frozen=True)
class Machine:
    """
    A server of the emulated cloud. `state` is the cloud's word for it.
    """

    name: str
    state: str
    public_ip: str
    private_ips: tuple[str, ...]


@dataclass(frozen=True)
class Site:
    """
    A name that resolves to a machine, and the command that opens it without touching this computer's DNS or trust.
    """

    url: str
    address: str
    curl: str


@dataclass(frozen=True)
class Status:
    """
    Everything that `flotilla sandbox status` shows; `instance` is None where there is no sandbox.
    """

    instance: str | None
    home: Path | None
    is_running: bool
    services: tuple[Service, ...] = ()
    machines: tuple[Machine, ...] = ()
    sites: tuple[Site, ...] = ()
    next_steps: tuple[str, ...] = ()


def status(checkout: Path) -> Status:
    """
    Look, and change nothing. Works whatever part of the sandbox is down.
    """
    instance = load(checkout)
    if instance is None:
        return Status(None, None, is_running=False)
    client = docker_host.connect()
    silent = " ".join(supervisor.not_ready(instance))
    services = tuple(_services(instance, client, silent))
    is_running = all(service.state == RUNNING for service in services)
    machines = tuple(_machines(instance))
    sites = tuple(_sites(instance)) if is_running else ()
    return Status(instance.id, instance.home, is_running, services, machines, sites, tuple(_next_steps(is_running, machines)))


def publish(checkout: Path) -> list[Published]:
    """
    Publish into the running sandbox.

    Raises: MissingToolError where it is not running.
    """
    from sandbox import publish as publishing
    from sandbox import registry

    instance = load(checkout)
    client = docker_host.connect()
    if instance is None or client is None or not registry.is_answering(instance):
        raise MissingToolError(
            "flotilla sandbox: its registry is not running. Nothing was published. "
            "Run `flotilla sandbox start`: it publishes too."
        )
    with lifecycle.exclusive(instance), docker_host.explained("publish"):
        return publishing.publish(instance, client, instance.logs / "docker.log")


def _services(instance: Instance, client: Any | None, silent: str) -> Iterator[Service]:
    from sandbox import registry

    dns = f"{instance.services_ip}:{DNS_PORT}"
    yield Service("docker", MISSING if client is None else RUNNING, "" if client is None else str(client.api.base_url))
    yield Service("hetzner api", _state(f":{HETZNER_PORT}" not in silent), instance.hetzner_url)
    yield Service("cloudflare api", _state(f":{CLOUDFLARE_PORT}" not in silent), instance.cloudflare_url)
    yield Service("dns", _state(f":{DNS_PORT}" not in silent), f"{dns}, {instance.doh_url}")
    yield Service("registry", _state(registry.is_answering(instance)), instance.registry_push_address)


def _state(is_answering: bool) -> str:
    return RUNNING if is_answering else STOPPED


def _machines(instance: Instance) -> Iterator[Machine]:
    """
    The servers as the cloud's API tells them; none where it does not answer.
    """
    for server in _list(instance, "servers"):
        public = (server.get("public_net") or {}).get("ipv4") or {}
        private = tuple(row["ip"] for row in server.get("private_net") or [])
        yield Machine(server["name"], server["status"], public.get("ip", ""), private)


def _list(instance: Instance, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page: int | None = 1
    try:
        token = instance.hcloud_token_file.read_text().strip()
        while page:
            address = f"{instance.hetzner_url}/{kind}?per_page=50&page={page}"
            request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 our own http
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310
                body = json.load(response)
            found += body[kind]
            page = body["meta"]["pagination"]["next_page"]
    except (OSError, urllib.error.URLError):
        return []
    return found


def _sites(instance: Instance) -> Iterator[Site]:
    """
    The served projects' names that resolve in the sandbox's DNS: those, and only those, are deployed.
    """
    from ops.errors import SettingsError
    from sandbox.resolve import resolve
    from settings import load as load_settings
    from settings import read_stack_config

    try:
        settings = load_settings(STACK, instance.checkout, read_stack_config(instance.checkout, STACK))
    except SettingsError:
        return  # `sandbox start` and `pulumi preview` say what is wrong with them
    processes = [process for project, _ in settings.served for process in project.all_processes().values()]
    for hostname in (hostname for process in processes for hostname in settings.hostnames(process)):
        address = resolve(instance, hostname)
        if address:
            yield Site(f"https://{hostname}/", address, curl(instance, hostname))


def curl(instance: Instance, hostname: str) -> str:
    """
    A command line that opens a site of the sandbox, as it can be pasted into a shell.
    """
    words = ["curl", "--cacert", str(instance.ca_certificate), "--doh-url", instance.doh_url, f"https://{hostname}/"]
    return shlex.join(words)


def _next_steps(is_running: bool, machines: tuple[Machine, ...]) -> Iterator[str]:
    if not is_running:
        yield "`flotilla sandbox start` starts what is stopped; `flotilla sandbox logs` says why it is."
        return
    yield "`. ./env.sh` lets this shell speak to the sandbox: then `pulumi preview -s local`, `pulumi up -s local`."
    for machine in machines[:1]:
        yield f"`ssh -i .flotilla/ssh/id_ed25519 root@{machine.public_ip}` opens {machine.name}, " + (
            f"`flotilla sandbox logs {machine.name}` shows its journal."
        )
    yield "`make down` stops everything and keeps it; `make clean` removes everything."
