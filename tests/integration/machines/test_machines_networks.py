"""
Real networks and firewalls between real machines.
"""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from hcloud.firewalls import FirewallResource, FirewallRule
from hcloud.networks import NetworkRoute, NetworkSubnet

from tests.integration.machines.conftest import Cloud, Machine, eventually

SUBNET = NetworkSubnet("10.0.1.0/24", type="cloud", network_zone="eu-central")
REACH_S = 2


@pytest.fixture(scope="module")
def fleet(cloud: Cloud) -> dict[str, Machine]:
    """
    Two servers in one network, one in another network with the same range.
    """
    ours = cloud.client.networks.create("ours", "10.0.0.0/16", subnets=[SUBNET])
    theirs = cloud.client.networks.create("theirs", "10.0.0.0/16", subnets=[SUBNET])
    machines = {name: cloud.create(name, networks=[network]) for name, network in (("a", ours), ("b", ours), ("c", theirs))}
    return {name: machine.booted() for name, machine in machines.items()}


def pings(machine: Machine, address: str) -> bool:
    """
    True when the machine gets an echo.
    """
    script = f"timeout {REACH_S} bash -c 'exec 3<>/dev/tcp/{address}/22 && head -c 4 <&3'"
    return machine.ssh(script, check=False).stdout.startswith("SSH-")


def test_machines_of_one_network_reach_each_other(fleet: dict[str, Machine]) -> None:
    """
    By the private addresses that the API promised, both ways.
    """
    assert (fleet["a"].private_ip, fleet["b"].private_ip) == ("10.0.1.1", "10.0.1.2")
    assert pings(fleet["a"], "10.0.1.2")
    assert pings(fleet["b"], "10.0.1.1")


def test_joining_a_network_cuts_no_connection(cloud: Cloud) -> None:
    """
    A session that was open when the server joined its first network goes on, as it does at Hetzner.
    """
    machine = cloud.create("joins").booted()
    network = cloud.client.networks.create("late", "10.3.0.0/16", subnets=[NetworkSubnet("10.3.1.0/24", "cloud", "eu-central")])
    with ThreadPoolExecutor() as pool:
        # The machine speaks first after the change: its packets must still be known on the way back.
        said = pool.submit(machine.ssh, f"touch /run/here; sleep {2 * REACH_S}; echo still here")
        eventually(lambda: machine.exec("test", "-e", "/run/here")[0] == 0)
        machine.server.attach_to_network(network).wait_until_finished()
    assert said.result().stdout == "still here\n"


def test_another_network_is_isolated(fleet: dict[str, Machine]) -> None:
    """
    The same range in another network is another world: nobody is at the neighbour's address there.
    """
    assert fleet["c"].private_ip == "10.0.1.1"
    assert pings(fleet["c"], "10.0.1.1")
    assert not pings(fleet["c"], "10.0.1.2")


def test_the_way_out_is_the_uplink(fleet: dict[str, Machine]) -> None:
    """
    The default route never leads through a private network.
    """
    machine = fleet["a"]
    uplink = machine.container.attrs["NetworkSettings"]["Networks"][machine.cloud.instance.network_name]
    assert machine.ssh("ip route show default").stdout.split()[2] == uplink["Gateway"]


def test_reboot_restores_private_addresses(fleet: dict[str, Machine]) -> None:
    """
    After a reboot inside, the private address is there again and neighbours reach it.
    """
    before = fleet["b"].container.attrs["State"]["StartedAt"]
    fleet["b"].ssh("systemctl reboot", check=False)
    eventually(lambda: fleet["b"].container.attrs["State"]["StartedAt"] != before)
    eventually(lambda: pings(fleet["a"], "10.0.1.2"), 60)


def test_attach_route_and_detach(cloud: Cloud, fleet: dict[str, Machine]) -> None:
    """
    A running server joins a second network with an alias address and a route, and leaves it again.
    """
    subnet = NetworkSubnet("192.168.5.0/24", type="cloud", network_zone="eu-central")
    second = cloud.client.networks.create("second", "192.168.0.0/16", subnets=[subnet])
    machine = fleet["a"]
    machine.server.attach_to_network(second, ip="192.168.5.9", alias_ips=["192.168.5.10"]).wait_until_finished()
    second.add_route(NetworkRoute("172.31.0.0/16", "192.168.5.20")).wait_until_finished()
    shown = machine.ssh("ip -brief address; ip route").stdout
    assert "192.168.5.9/16" in shown
    assert "192.168.5.10/32" in shown
    assert "172.31.0.0/16 via 192.168.5.20" in shown
    machine.server.detach_from_network(second).wait_until_finished()
    assert "192.168.5.9" not in machine.ssh("ip -brief address").stdout
    assert pings(machine, "10.0.1.2")


def connects(address: str, port: int, source: str) -> bool:
    """
    True when a connection from this local address is accepted.
    """
    try:
        socket.create_connection((address, port), timeout=REACH_S, source_address=(source, 0)).close()
    except OSError:
        return False
    return True


@pytest.fixture
def listening(fleet: dict[str, Machine]) -> Iterator[Machine]:
    """
    A server that listens on ports 8000 and 8085 as well.
    """
    machine = fleet["a"]
    for port in (8000, 8085):
        assert machine.exec("systemd-run", f"--unit=web-{port}", "python3", "-m", "http.server", str(port))[0] == 0
        eventually(lambda port=port: connects(machine.ip, port, "127.0.0.1"))
    yield machine
    machine.exec("systemctl", "stop", "web-8000", "web-8085")


def test_firewall_by_source_and_port(cloud: Cloud, listening: Machine) -> None:
    """
    Only what a rule allows gets in: by port, by range of ports, by the client's real address. Removed, all is open again.
    """
    rules = [
        FirewallRule("in", "tcp", ["127.0.0.0/8"], port="22"),
        FirewallRule("in", "tcp", ["127.0.0.5/32"], port="8080-8090"),
    ]
    firewall = cloud.client.firewalls.create("fw", rules=rules).firewall
    applied = FirewallResource("server", server=listening.server)
    for action in firewall.apply_to_resources([applied]):
        action.wait_until_finished()
    ip = listening.ip
    assert connects(ip, 22, "127.0.0.1")
    assert connects(ip, 8085, "127.0.0.5")
    assert not connects(ip, 8085, "127.0.0.6")
    assert not connects(ip, 8000, "127.0.0.5")
    for action in firewall.set_rules([FirewallRule("in", "tcp", ["0.0.0.0/0"], port="8000")]):
        action.wait_until_finished()
    assert connects(ip, 8000, "127.0.0.5")
    assert not connects(ip, 22, "127.0.0.5")
    for action in firewall.remove_from_resources([applied]):
        action.wait_until_finished()
    assert connects(ip, 22, "127.0.0.5")


def test_address_of_a_server_that_is_off_is_not_the_host(fleet: dict[str, Machine]) -> None:
    """
    What listens on all of the host's addresses does not answer for a machine that is off.
    """
    machine = fleet["c"]
    with socket.create_server(("0.0.0.0", 0)) as host:  # noqa: S104 - the point of the test
        port = host.getsockname()[1]
        assert connects("127.0.0.1", port, "127.0.0.1")
        machine.server.power_off().wait_until_finished()
        assert not connects(machine.ip, port, "127.0.0.1")
