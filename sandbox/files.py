"""
Where an instance keeps what.
"""

from __future__ import annotations

from pathlib import Path


def home_of(checkout: Path) -> Path:
    """
    Where a checkout's instance keeps its state, also before there is one.
    """
    return checkout / ".flotilla"


def file_of(checkout: Path) -> Path:
    """
    Where a checkout's instance is written down.
    """
    return home_of(checkout) / "instance.json"


class InHome:
    """
    An attribute: a path below the home of the instance that it is asked of.
    """

    def __init__(self, *parts: str) -> None:
        self._parts = parts

    def __get__(self, owner: Files, _: type[Files]) -> Path:
        return owner.home.joinpath(*self._parts)


class Files:
    """
    The files of a checkout's instance.
    """

    checkout: Path

    @property
    def home(self) -> Path:
        """
        The folder that holds all state of this instance; readable by its owner only.
        """
        return home_of(self.checkout)

    @property
    def file(self) -> Path:
        """
        Where the instance itself is written down.
        """
        return file_of(self.checkout)

    lock = InHome("lock")
    """Held while the sandbox is being started, stopped or removed."""

    database = InHome("cloud.sqlite")
    """The emulated cloud's memory."""
    pid_file = InHome("cloud.pid")
    """Which process is the cloud daemon."""
    logs = InHome("logs")
    """Folder of the logs."""
    cloud_log = InHome("logs", "cloud.log")
    """What the cloud daemon printed."""
    seeds = InHome("seeds")
    """Folder of the cloud-init seeds, one folder per server id."""

    hcloud_token_file = InHome("secrets", "hcloud.token")
    """The token that the emulated Hetzner Cloud API accepts."""
    cloudflare_token_file = InHome("secrets", "cloudflare.token")
    """The token that the emulated Cloudflare API accepts."""

    ca = InHome("ca")
    """Folder of the sandbox's certificate authority."""
    ca_certificate = InHome("ca", "root.crt")
    """What a client has to trust."""
    ca_key = InHome("ca", "root.key")
    """The authority's private key."""
    services_certificate = InHome("ca", "services.crt")
    """The certificate (with its chain) of the registry and of DNS over HTTPS."""
    services_key = InHome("ca", "services.key")
    """The private key of the services' certificate."""

    ssh_key = InHome("ssh", "id_ed25519")
    """The private key that opens the machines."""
    ssh_public_key = InHome("ssh", "id_ed25519.pub")
    """Its public half."""
    known_hosts = InHome("ssh", "known_hosts")
    """The machines' host keys as they were seen at first contact."""

    pulumi_state = InHome("pulumi")
    """The file backend of the sandbox stacks."""
