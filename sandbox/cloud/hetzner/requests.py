"""
What a request's body may say. Unknown fields are ignored, as Hetzner does.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, StrictBool, StrictInt, StringConstraints

from sandbox.cloud.hetzner import catalog

PORTS = re.compile(r"any|\d{1,5}(-\d{1,5})?")
USER_DATA_BYTES = 32 * 1024


def _range(text: str) -> str:
    """
    An IPv4 range written exactly: no host bits.
    """
    return str(ipaddress.IPv4Network(text))


def _any_range(text: str) -> str:
    return str(ipaddress.ip_network(text))


def _zone(text: str) -> str:
    if text not in catalog.zones():
        raise ValueError(f"must be one of {', '.join(sorted(catalog.zones()))}")
    return text


def _port(text: str) -> str:
    numbers = [int(part) for part in text.split("-")] if PORTS.fullmatch(text) and text != "any" else [1]
    if not PORTS.fullmatch(text) or not all(1 <= number <= 65535 for number in numbers) or numbers != sorted(numbers):
        raise ValueError("must be a port, a range such as 80-85, or any")
    return text


def _short(text: str) -> str:
    if len(text.encode()) > USER_DATA_BYTES:
        raise ValueError("must not be longer than 32 KiB")
    return text


IdOrName = StrictInt | str
Labels = dict[str, str]
Name = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Hostname = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=63,
        pattern=r"^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?)*$",
    ),
]
Ipv4 = Annotated[str, AfterValidator(lambda text: str(ipaddress.IPv4Address(text)))]
Range = Annotated[str, AfterValidator(_range)]
AnyRange = Annotated[str, AfterValidator(_any_range)]
Zone = Annotated[str, AfterValidator(_zone)]
Port = Annotated[str, AfterValidator(_port)]
UserData = Annotated[str, AfterValidator(_short)]
VolumeSize = Annotated[int, Field(strict=True, ge=10, le=10240)]


class Update(BaseModel):
    """
    Every kind of resource can be renamed and relabelled.
    """

    name: Name | None = None
    labels: Labels | None = None


class Protection(BaseModel):
    """
    `rebuild` exists for servers only.
    """

    delete: StrictBool | None = None
    rebuild: StrictBool | None = None


class SshKey(BaseModel):
    name: Name
    public_key: str
    labels: Labels = {}


class PlacementGroup(BaseModel):
    name: Name
    type: Literal["spread"]
    labels: Labels = {}


class Subnet(BaseModel):
    type: Literal["cloud", "server", "vswitch"] = "cloud"
    network_zone: Zone
    ip_range: Range | None = None
    vswitch_id: int | None = None


class SubnetRange(BaseModel):
    ip_range: Range


class Route(BaseModel):
    destination: Range
    gateway: Ipv4


class Network(BaseModel):
    name: Name
    ip_range: Range
    subnets: list[Subnet] = []
    routes: list[Route] = []
    labels: Labels = {}
    expose_routes_to_vswitch: bool = False


class NetworkUpdate(Update):
    expose_routes_to_vswitch: bool | None = None


class FirewallRule(BaseModel):
    direction: Literal["in", "out"]
    protocol: Literal["tcp", "udp", "icmp", "esp", "gre"]
    port: Port | None = None
    source_ips: list[AnyRange] = Field(default=[], max_length=100)
    destination_ips: list[AnyRange] = Field(default=[], max_length=100)
    description: str | None = Field(default=None, max_length=255)


class ServerId(BaseModel):
    id: int


class Selector(BaseModel):
    selector: str


class FirewallResource(BaseModel):
    type: Literal["server", "label_selector"]
    server: ServerId | None = None
    label_selector: Selector | None = None


class Firewall(BaseModel):
    name: Name
    labels: Labels = {}
    rules: list[FirewallRule] = Field(default=[], max_length=50)
    apply_to: list[FirewallResource] = []


class FirewallRules(BaseModel):
    rules: list[FirewallRule] = Field(max_length=50)


class FirewallApply(BaseModel):
    apply_to: list[FirewallResource]


class FirewallRemove(BaseModel):
    remove_from: list[FirewallResource]


class Volume(BaseModel):
    name: Name
    size: VolumeSize
    location: IdOrName | None = None
    server: int | None = None
    format: Literal["ext4", "xfs"] | None = None
    automount: bool = False
    labels: Labels = {}


class VolumeAttach(BaseModel):
    server: int
    automount: bool = False


class VolumeResize(BaseModel):
    size: VolumeSize


class PublicNet(BaseModel):
    enable_ipv4: bool = True
    enable_ipv6: bool = True
    ipv4: int | None = None
    ipv6: int | None = None


class ServerFirewall(BaseModel):
    firewall: int


class Server(BaseModel):
    name: Hostname
    server_type: IdOrName
    image: IdOrName
    location: IdOrName | None = None
    datacenter: IdOrName | None = None
    start_after_create: bool = True
    ssh_keys: list[IdOrName] = []
    volumes: list[int] = []
    networks: list[int] = []
    firewalls: list[ServerFirewall] = []
    user_data: UserData | None = None
    labels: Labels = {}
    automount: bool = False
    placement_group: int | None = None
    public_net: PublicNet = PublicNet()


class ServerUpdate(BaseModel):
    name: Hostname | None = None
    labels: Labels | None = None


class ServerType(BaseModel):
    server_type: IdOrName
    upgrade_disk: bool


class Rebuild(BaseModel):
    image: IdOrName
    user_data: UserData | None = None


class AttachToNetwork(BaseModel):
    network: int
    ip: Ipv4 | None = None
    alias_ips: list[Ipv4] = []
    ip_range: Range | None = None


class NetworkId(BaseModel):
    network: int


class AliasIps(BaseModel):
    network: int
    alias_ips: list[Ipv4]


class DnsPtr(BaseModel):
    ip: str
    dns_ptr: str | None


class PlacementGroupId(BaseModel):
    placement_group: int


class PrimaryIp(BaseModel):
    name: Name
    type: Literal["ipv4", "ipv6"]
    assignee_type: Literal["server"] = "server"
    assignee_id: int | None = None
    location: IdOrName | None = None
    datacenter: IdOrName | None = None
    auto_delete: bool = False
    labels: Labels = {}


class PrimaryIpUpdate(Update):
    auto_delete: bool | None = None


class Assign(BaseModel):
    assignee_id: int
    assignee_type: Literal["server"] = "server"
