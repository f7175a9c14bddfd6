"""
One environment: where the servers stand, who may reach them, and what serves the projects.

Written in `Pulumi.<stack>.yaml` under `flotilla:environment`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from settings.catalog import LOCATIONS, SERVER_TYPES, ServerType
from settings.model import Model
from settings.values import (
    Count,
    Email,
    FilePath,
    Hostname,
    HttpsUrl,
    Ipv4Network,
    Name,
    PublicKey,
    RegistryHost,
    one_of,
)
from settings.values import Network as SourceRange

# Hetzner, "Volumes: technical details": 10 GB up to 10 TB each. Read 2026-11-20.
VOLUME_MINIMUM_GB = 10
VOLUME_MAXIMUM_GB = 10_240


Location = Annotated[str, *one_of(LOCATIONS, "one of Hetzner's locations")]
NetworkZone = Annotated[str, *one_of(set(LOCATIONS.values()), "one of Hetzner's network zones")]
ServerTypeName = Annotated[str, *one_of(SERVER_TYPES, "a server type in settings/catalog.py")]


class Role(StrEnum):
    """
    What a server is for. A server may have more than one role.
    """

    APP = "app"
    INGRESS = "ingress"


class ServerImage(StrEnum):
    """
    The operating systems that the host steps are written for, by Hetzner's names.
    """

    DEBIAN_12 = "debian-12"


class Network(Model):
    """
    The private network between the servers, and the addresses that containers get on top of it.
    """

    cidr: Ipv4Network = Field(description="Addresses of the whole private network.")
    subnet: Ipv4Network = Field(description="The part of `cidr` that servers get their private addresses from.")
    zone: NetworkZone = Field(description="Hetzner's network zone of the locations in use, such as `eu-central`.")
    overlay: Ipv4Network = Field(default="172.28.0.0/14", description="Addresses of the containers' overlay networks.")


class Access(Model):
    """
    Who may log in to the servers by SSH, and from where. At least one public key is there.
    """

    public_key_file: FilePath | None = Field(default=None, description="A file with one public SSH key (sandbox).")
    public_keys: Mapping[Name, PublicKey] = Field(default={}, description="Administrators' public SSH keys, by name.")
    private_key_file: FilePath | None = Field(
        default=None, description="The key that this machine logs in with; without it, the SSH agent's keys."
    )
    sources: Annotated[tuple[SourceRange, ...], Field(min_length=1)] = Field(
        description="Address ranges that SSH is open to. The whole world is refused."
    )


class ServerPool(Model):
    """
    Servers of one kind: `count` machines with the same type and roles.
    """

    type: ServerTypeName = Field(description="Hetzner's server type, such as `cx23`.")
    count: Count = Field(default=1, description="How many of them. Raising it adds servers and replaces none.")
    roles: Annotated[tuple[Role, ...], Field(min_length=1)] = Field(description="What they are for: `app`, `ingress`.")
    image: ServerImage = Field(default=ServerImage.DEBIAN_12, description="The operating system.")
    location: Location | None = Field(default=None, description="Where they stand, if not where the environment says.")
    volume_gb: Annotated[int, Field(strict=True, ge=VOLUME_MINIMUM_GB, le=VOLUME_MAXIMUM_GB)] | None = Field(
        default=None, description="Size of the disk for the projects' volumes; it outlives the server. None: no such disk."
    )

    @property
    def hardware(self) -> ServerType:
        """
        Cores, memory and disk of the server type.
        """
        return SERVER_TYPES[self.type]


class Authority(Model):
    """
    A certificate authority of one's own that signs the projects' certificates (sandbox). Paths are relative to the checkout.
    """

    certificate_file: FilePath = Field(description="Its root certificate, PEM.")
    key_file: FilePath = Field(description="Its private key, PEM, readable by nobody else.")


class Acme(Model):
    """
    Certificates from a public authority by ACME.
    """

    email: Email = Field(description="Where the authority writes to when a certificate is about to expire.")
    directory: HttpsUrl = Field(
        default="https://acme-v02.api.letsencrypt.org/directory", description="The authority's ACME directory."
    )


class Tls(Model):
    """
    Where certificates come from: exactly one of the two is set.
    """

    authority: Authority | None = Field(default=None, description="The sandbox's own authority.")
    acme: Acme | None = Field(default=None, description="A public authority.")


class Ingress(Model):
    """
    How requests get in.
    """

    tls: Tls = Field(description="Where certificates come from.")


class Environment(Model):
    """
    One environment, complete. `servers` is {pool name: pool}.
    """

    name: Name = Field(description="The environment's name, the same as its stack's.")
    domain: Hostname = Field(description="Projects with a `subdomain` live under this name.")
    zone: Hostname = Field(description="The DNS zone that `domain` is in.")
    location: Location = Field(description="Where servers stand unless their pool says otherwise, such as `fsn1`.")
    network: Network = Field(description="The private network.")
    access: Access = Field(description="Who may log in, and from where.")
    servers: Annotated[Mapping[Name, ServerPool], Field(min_length=1)] = Field(description="Pools of servers, by name.")
    ingress: Ingress = Field(description="How requests get in.")
    registry: RegistryHost = Field(description="The registry that images without a host of their own come from.")

    def pools(self, role: Role) -> dict[str, ServerPool]:
        """
        The pools whose servers have this role, by name.
        """
        return {name: pool for name, pool in self.servers.items() if role in pool.roles}
