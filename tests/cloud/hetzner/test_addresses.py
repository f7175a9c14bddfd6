"""
Putting private addresses on a machine's interfaces.
"""

import ipaddress
from types import SimpleNamespace
from typing import Any

from docker.errors import APIError, NotFound

from sandbox.cloud.machines.model import PrivateAddress
from sandbox.cloud.machines.networks import Link, address_commands, ensure

UPLINK = Link("02:00:00:00:00:01", "172.18.0.2", "172.18.0.1")
PRIVATE = Link("02:00:00:00:00:02", "172.19.0.2", "172.19.0.1")


def _interface(name: str, link: Link, *addresses: tuple[str, int]) -> dict[str, object]:
    rows = [{"family": "inet", "local": ip, "prefixlen": prefix} for ip, prefix in ((link.docker_ip, 16), *addresses)]
    return {"ifname": name, "address": link.mac, "addr_info": rows}


def test_machine_that_has_just_started() -> None:
    """
    The private address gets the whole network's prefix, aliases are single, routes are marked, the way out is the uplink.
    """
    interfaces = [_interface("eth1", UPLINK), _interface("eth0", PRIVATE)]
    routes = [{"dst": "default", "gateway": "172.19.0.1", "dev": "eth0"}]
    address = PrivateAddress(
        network_id=1, ip="10.0.1.2", prefix=16, aliases=("10.0.1.9",), routes=(("10.9.0.0/16", "10.0.1.3"),)
    )
    assert address_commands(interfaces, routes, UPLINK, {address: PRIVATE}) == [
        "route replace default via 172.18.0.1 dev eth1",
        "address add 10.0.1.2/16 dev eth0",
        "address add 10.0.1.9/32 dev eth0",
        "route replace 10.9.0.0/16 via 10.0.1.3 dev eth0 proto 77 onlink",
    ]


def test_nothing_to_do() -> None:
    """
    A machine that has its addresses is left alone.
    """
    interfaces = [_interface("eth0", UPLINK), _interface("eth1", PRIVATE, ("10.0.1.2", 16))]
    routes = [{"dst": "default", "gateway": "172.18.0.1", "dev": "eth0"}]
    address = PrivateAddress(network_id=1, ip="10.0.1.2", prefix=16)
    assert address_commands(interfaces, routes, UPLINK, {address: PRIVATE}) == []


def test_what_is_no_longer_wanted_goes() -> None:
    """
    An old address and an old route of the cloud's are removed; Docker's address and the machine's own routes stay.
    """
    interfaces = [_interface("eth0", UPLINK), _interface("eth1", PRIVATE, ("10.0.1.2", 16))]
    routes = [
        {"dst": "default", "gateway": "172.18.0.1", "dev": "eth0"},
        {"dst": "10.9.0.0/16", "gateway": "10.0.1.3", "dev": "eth1", "protocol": "77"},
        {"dst": "192.0.2.0/24", "gateway": "10.0.1.4", "dev": "eth1", "protocol": "static"},
    ]
    address = PrivateAddress(network_id=1, ip="10.0.1.7", prefix=16)
    assert address_commands(interfaces, routes, UPLINK, {address: PRIVATE}) == [
        "address delete 10.0.1.2/16 dev eth1",
        "address add 10.0.1.7/16 dev eth1",
        "route delete 10.9.0.0/16 proto 77",
    ]


def test_the_gateway_of_a_route_has_no_route_to_itself() -> None:
    """
    A route's own gateway machine is skipped.
    """
    interfaces = [_interface("eth0", UPLINK), _interface("eth1", PRIVATE, ("10.0.1.3", 16))]
    routes = [{"dst": "default", "gateway": "172.18.0.1", "dev": "eth0"}]
    address = PrivateAddress(network_id=1, ip="10.0.1.3", prefix=16, routes=(("10.9.0.0/16", "10.0.1.3"),))
    assert address_commands(interfaces, routes, UPLINK, {address: PRIVATE}) == []


class Daemon:
    """
    Docker as far as making a network goes; `taken` are subnets of others.
    """

    def __init__(self, *taken: str) -> None:
        self.taken = set(taken)
        self.asked: list[str] = []
        self.networks = self

    def get(self, name: str) -> str:
        raise NotFound(name)

    def create(self, name: str, ipam: Any, **_: Any) -> str:
        subnet = ipam["Config"][0]["Subnet"]
        self.asked.append(subnet)
        if subnet in self.taken:
            raise APIError("overlap", response=SimpleNamespace(status_code=403))
        return name


def test_bridges_keep_out_of_private_ranges() -> None:
    """
    A bridge's subnet is of a range that no private network can have: the same one for a name, but another if that is taken.
    """
    free = Daemon()
    assert ensure(free, "net-1", {}) == "net-1"
    (first,) = map(ipaddress.ip_network, free.asked)
    assert first.subnet_of(ipaddress.ip_network("100.64.0.0/10"))
    assert not first.is_private
    busy = Daemon(str(first))
    ensure(busy, "net-1", {})
    assert busy.asked[0] == str(first)
    assert not ipaddress.ip_network(busy.asked[1]).overlaps(first)
