"""
One sandbox per checkout: its identity, addresses, names, and where it keeps its state.

An instance is known by its checkout's path and owns one block of loopback addresses, 127.10.<block>.0/24. Two checkouts on one
machine never share a block, a Docker name or a file. Nothing here starts or stops anything.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops.errors import SettingsError

HETZNER_PORT = 8001
CLOUDFLARE_PORT = 8002
DNS_PORT = 5353
DOH_PORT = 8053
REGISTRY_PORT = 5000
TCP_PORTS = (HETZNER_PORT, CLOUDFLARE_PORT, DNS_PORT, DOH_PORT, REGISTRY_PORT)
UDP_PORTS = (DNS_PORT,)

ZONE = "flotilla.test"
REGISTRY_HOST = f"registry.{ZONE}"

BLOCKS = range(256)
FIRST_MACHINE, LAST_MACHINE = 11, 250

INSTANCE_LABEL = "flotilla.instance"
CHECKOUT_LABEL = "flotilla.checkout"
BLOCK_LABEL = "flotilla.block"
HOST_LABEL = "flotilla.host"  # a checkout's path means something only on the host that has it: Docker may be shared


@dataclass(frozen=True)
class Instance:
    """
    The sandbox of one checkout. Names, addresses and paths are pure functions of the three fields.
    """

    id: str
    checkout: Path
    block: int

    @property
    def home(self) -> Path:
        """
        The folder that holds all state of this instance; readable by its owner only.
        """
        return home_of(self.checkout)

    @property
    def services_ip(self) -> str:
        """
        The loopback address on which the emulated APIs, DNS and the registry listen.
        """
        return f"127.10.{self.block}.1"

    def machine_ip(self, number: int) -> str:
        """
        The "public" address of a machine; numbers run from 11 to 250.

        Raises: ValueError outside of that range.
        """
        if not FIRST_MACHINE <= number <= LAST_MACHINE:
            raise ValueError(f"machine number {number} is not within {FIRST_MACHINE}-{LAST_MACHINE}")
        return f"127.10.{self.block}.{number}"

    @property
    def labels(self) -> dict[str, str]:
        """
        What every Docker object of this instance carries, so that it is found again even when the state files are lost.
        """
        return {
            INSTANCE_LABEL: self.id,
            CHECKOUT_LABEL: str(self.checkout),
            BLOCK_LABEL: str(self.block),
            HOST_LABEL: socket.gethostname(),
        }

    def name(self, *parts: str | int) -> str:
        """
        The Docker name of something of this instance: flotilla-<id>-<part>-<part>.
        """
        return "-".join(["flotilla", self.id, *map(str, parts)])

    @property
    def lock(self) -> Path:
        """
        Held while the sandbox is being started, stopped or removed.
        """
        return self.home / "lock"

    @property
    def network_name(self) -> str:
        """
        The Docker network that is the machines' uplink.
        """
        return self.name("public")

    @property
    def gateway_name(self) -> str:
        """
        The container that does for the machines what needs the host: packet rules and loop devices.
        """
        return self.name("gateway")

    @property
    def registry_name(self) -> str:
        """
        The container that serves images by digest.
        """
        return self.name("registry")

    @property
    def hetzner_url(self) -> str:
        """
        Base address of the emulated Hetzner Cloud API.
        """
        return f"http://{self.services_ip}:{HETZNER_PORT}/v1"

    @property
    def cloudflare_url(self) -> str:
        """
        Base address of the emulated Cloudflare API.
        """
        return f"http://{self.services_ip}:{CLOUDFLARE_PORT}/client/v4"

    @property
    def doh_url(self) -> str:
        """
        DNS over HTTPS, so that `curl --doh-url` resolves names of the sandbox's zone.
        """
        return f"https://{self.services_ip}:{DOH_PORT}/dns-query"

    @property
    def registry_push_address(self) -> str:
        """
        Where this machine's Docker pushes to; it trusts any registry on loopback.
        """
        return f"{self.services_ip}:{REGISTRY_PORT}"

    @property
    def registry_pull_address(self) -> str:
        """
        The same registry as the sandbox's machines see it.
        """
        return f"{REGISTRY_HOST}:{REGISTRY_PORT}"

    @property
    def file(self) -> Path:
        """
        Where the instance itself is written down.
        """
        return self.home / "instance.json"

    @property
    def secrets(self) -> Path:
        """
        Folder of the tokens that the emulated APIs accept.
        """
        return self.home / "secrets"

    @property
    def hcloud_token_file(self) -> Path:
        """
        The token that the emulated Hetzner Cloud API accepts.
        """
        return self.secrets / "hcloud.token"

    @property
    def cloudflare_token_file(self) -> Path:
        """
        The token that the emulated Cloudflare API accepts.
        """
        return self.secrets / "cloudflare.token"

    @property
    def passphrase_file(self) -> Path:
        """
        The passphrase that encrypts secrets in the sandbox stacks' state: public, see docs/adr/0003.
        """
        return self.checkout / "sandbox" / "passphrase"

    @property
    def ca(self) -> Path:
        """
        Folder of the sandbox's certificate authority.
        """
        return self.home / "ca"

    @property
    def ca_certificate(self) -> Path:
        """
        What a client has to trust.
        """
        return self.ca / "root.crt"

    @property
    def ca_key(self) -> Path:
        """
        The authority's private key.
        """
        return self.ca / "root.key"

    @property
    def services_certificate(self) -> Path:
        """
        The certificate (with its chain) of the registry and of DNS over HTTPS.
        """
        return self.ca / "services.crt"

    @property
    def services_key(self) -> Path:
        """
        The private key of the services' certificate.
        """
        return self.ca / "services.key"

    @property
    def ssh_key(self) -> Path:
        """
        The private key that opens the machines; its public half lies beside it.
        """
        return self.home / "ssh" / "id_ed25519"

    @property
    def ssh_public_key(self) -> Path:
        """
        The public half of the key that opens the machines.
        """
        return self.home / "ssh" / "id_ed25519.pub"

    @property
    def known_hosts(self) -> Path:
        """
        The machines' host keys as they were seen at first contact.
        """
        return self.home / "ssh" / "known_hosts"

    @property
    def database(self) -> Path:
        """
        The emulated cloud's memory.
        """
        return self.home / "cloud.sqlite"

    @property
    def pid_file(self) -> Path:
        """
        Which process is the cloud daemon.
        """
        return self.home / "cloud.pid"

    @property
    def logs(self) -> Path:
        """
        Folder of the logs.
        """
        return self.home / "logs"

    @property
    def cloud_log(self) -> Path:
        """
        What the cloud daemon printed.
        """
        return self.logs / "cloud.log"

    @property
    def seeds(self) -> Path:
        """
        Folder of the cloud-init seeds, one folder per server id.
        """
        return self.home / "seeds"

    @property
    def pulumi_state(self) -> Path:
        """
        The file backend of the sandbox stacks.
        """
        return self.home / "pulumi"

    @property
    def pulumi_home(self) -> Path:
        """
        PULUMI_HOME: plugins and the selected stack.
        """
        return self.home / "pulumi-home"

    @property
    def toolchain(self) -> Path:
        """
        The folder with the engine's executables, first on PATH.
        """
        return self.home / "toolchain" / "bin"


def home_of(checkout: Path) -> Path:
    """
    Where a checkout's instance keeps its state, also before there is one.
    """
    return checkout / ".flotilla"


def identity(checkout: Path) -> str:
    """
    The instance's id: 8 hex digits of the sha256 of the checkout's real path.
    """
    return hashlib.sha256(str(checkout.resolve()).encode()).hexdigest()[:8]


def exists(checkout: Path) -> bool:
    """
    True unless the folder is certainly gone; one that may not be looked into belongs to somebody.
    """
    try:
        return checkout.is_dir()
    except PermissionError:
        return True


def load(checkout: Path) -> Instance | None:
    """
    The instance of this checkout, or None where there is none yet (a copied folder does not count: its path differs).

    Raises: SettingsError when instance.json cannot be understood.
    """
    checkout = checkout.resolve()
    path = home_of(checkout) / "instance.json"
    try:
        document = json.loads(path.read_text())
        stored_id, block = _fields(document)
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise SettingsError(
            f"{path}: not an instance description ({error}). The sandbox of this checkout cannot be told. "
            f"Delete the file and run `flotilla sandbox start`: it is written anew."
        ) from error
    return Instance(stored_id, checkout, block) if stored_id == identity(checkout) else None


def save(instance: Instance) -> None:
    """
    Write instance.json at once or not at all; the folder becomes readable by its owner only.
    """
    instance.home.mkdir(mode=0o700, exist_ok=True)
    instance.home.chmod(0o700)
    document = {"id": instance.id, "checkout": str(instance.checkout), "block": instance.block}
    draft = instance.file.with_suffix(".new")
    draft.write_text(json.dumps(document, indent=2) + "\n")
    draft.replace(instance.file)


def allocate(checkout: Path) -> Instance:
    """
    The instance of this checkout, made if there is none: with a block that nobody else on this machine uses.

    Raises: FlotillaError when no block is free.
    """
    from sandbox import blocks  # it asks Docker and the sockets; reading an instance needs neither

    return load(checkout) or blocks.allocate(checkout.resolve())


def _fields(document: Any) -> tuple[str, int]:
    """
    Raises: ValueError with what is wrong.
    """
    if not isinstance(document, dict):
        raise ValueError("not an object")
    stored_id, block = document.get("id"), document.get("block")
    if not isinstance(stored_id, str) or not re.fullmatch(r"[0-9a-f]{8}", stored_id):
        raise ValueError("id is not 8 hex digits")
    if not isinstance(block, int) or isinstance(block, bool) or block not in BLOCKS:
        raise ValueError("block is not a number from 0 to 255")
    return stored_id, block
