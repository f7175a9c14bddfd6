"""
The servers of an environment, the network between them, and who may log in.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from settings.catalog import LOCATIONS, SERVER_TYPES, ServerType
from settings.model import Model
from settings.values import Count, FilePath, Flag, Ipv4Address, Ipv4Network, Name, PublicKey, one_of
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
    DB = "db"
    BACKUP = "backup"
    MONITORING = "monitoring"


class ServerImage(StrEnum):
    """
    The operating systems that the host steps are written for, by Hetzner's names.
    """

    DEBIAN_12 = "debian-12"


class NetworkRoute(Model):
    """
    Where the private network sends packets for addresses that are not its own, such as those of an office behind a VPN.
    """

    destination: Ipv4Network = Field(description="The addresses elsewhere.")
    gateway: Ipv4Address = Field(description="The private address of the server that passes them on.")


class Network(Model):
    """
    The private network between the servers, and the addresses that containers get on top of it.
    """

    cidr: Ipv4Network = Field(description="Addresses of the whole private network.")
    subnets: Annotated[Mapping[NetworkZone, Ipv4Network], Field(min_length=1)] = Field(
        description="The part of `cidr` that servers get their private addresses from, by Hetzner's network zone. A network "
        "is in one zone."
    )
    overlay: Ipv4Network = Field(default="172.28.0.0/14", description="Addresses of the containers' overlay networks.")
    routes: tuple[NetworkRoute, ...] = Field(default=(), description="Ways out of the private network.")
    ipv6: Flag = Field(default=True, description="Servers and names have IPv6 addresses too.")


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
    roles: Annotated[tuple[Role, ...], Field(min_length=1)] = Field(description="What they are for.")
    image: ServerImage = Field(default=ServerImage.DEBIAN_12, description="The operating system.")
    location: Location | None = Field(default=None, description="Where they stand, if not where the environment says.")
    volume_gb: Annotated[int, Field(strict=True, ge=VOLUME_MINIMUM_GB, le=VOLUME_MAXIMUM_GB)] | None = Field(
        default=None, description="Size of the disk for data; it outlives the server. None: no such disk."
    )

    @property
    def hardware(self) -> ServerType:
        """
        Cores, memory and disk of the server type.
        """
        return SERVER_TYPES[self.type]
