"""
Real load balancers and floating addresses in front of real machines.
"""

import http.client
from collections import Counter
from collections.abc import Iterator

import pytest
from hcloud.load_balancer_types import LoadBalancerType
from hcloud.load_balancers import (
    BoundLoadBalancer,
    LoadBalancerHealthCheck,
    LoadBalancerHealthCheckHttp,
    LoadBalancerService,
    LoadBalancerTarget,
    LoadBalancerTargetLabelSelector,
)
from hcloud.locations import Location
from hcloud.networks import NetworkSubnet

from tests.integration.machines.conftest import Cloud, Machine, eventually

SUBNET = NetworkSubnet("10.0.1.0/24", type="cloud", network_zone="eu-central")
FALKENSTEIN = Location(name="fsn1")
INTERVAL_S = 3
PLAIN_PORT, PROXIED_PORT, ASKED_PORT = 80, 81, 82
# Answers every connection with its own name, what a header of the proxy protocol (version 2) says, and the first line after it.
WEB = """
import asyncio, socket, sys

async def answer(reader, writer):
    proxied, first = "", await reader.readline()
    if first == b"\\r\\n":
        header = await reader.readexactly(14)
        address = await reader.readexactly(int.from_bytes(header[12:14], "big"))
        proxied = f"from {socket.inet_ntoa(address[:4])} to {socket.inet_ntoa(address[4:8])} "
        first = await reader.readline()
    body = f"{socket.gethostname()} {proxied}{first.decode().strip()}"
    writer.write(f"HTTP/1.0 200 OK\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body}".encode())
    await writer.drain()
    writer.close()

async def main():
    server = await asyncio.start_server(answer, "0.0.0.0", 8000)
    await server.serve_forever()

asyncio.run(main())
"""


def serve(machine: Machine) -> None:
    """
    Have the machine's web server run, now and after a reboot.
    """
    unit = "[Service]\\nExecStart=/usr/bin/python3 /root/web.py\\n[Install]\\nWantedBy=multi-user.target\\n"
    machine.ssh(f"cat > /root/web.py <<'END'\n{WEB}END\nprintf '{unit}' > /etc/systemd/system/web.service")
    machine.ssh("systemctl daemon-reload && systemctl enable --now web")


def get(address: str, port: int = PLAIN_PORT) -> str | None:
    """
    What the address answers, or None where it does not.
    """
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def who_answers(address: str, count: int = 20, port: int = PLAIN_PORT) -> Counter[str]:
    """
    How often each machine answers; `lost` counts requests without an answer.
    """
    answers = (get(address, port) for _ in range(count))
    return Counter(answer.split()[0] if answer else "lost" for answer in answers)


@pytest.fixture(scope="module")
def fleet(cloud: Cloud) -> dict[str, Machine]:
    """
    Two web servers in one network, one in another network with the same range.
    """
    ours = cloud.client.networks.create("ours", "10.0.0.0/16", subnets=[SUBNET])
    theirs = cloud.client.networks.create("theirs", "10.0.0.0/16", subnets=[SUBNET])
    places = (("a", ours), ("b", ours), ("c", theirs))
    machines = {name: cloud.create(name, networks=[network], labels={"role": "web"}) for name, network in places}
    for machine in machines.values():
        serve(machine.booted())
    return machines


@pytest.fixture(scope="module")
def balancer(cloud: Cloud, fleet: dict[str, Machine]) -> Iterator[BoundLoadBalancer]:
    """
    A load balancer that reaches the first two by their private addresses: plainly, with the proxy protocol, and asking.
    """
    check = LoadBalancerHealthCheck(protocol="tcp", port=8000, interval=INTERVAL_S, timeout=1, retries=1)
    asking = LoadBalancerHealthCheck(
        protocol="http", port=8000, interval=INTERVAL_S, timeout=1, retries=1,
        http=LoadBalancerHealthCheckHttp(path="/it's", domain="a.test", response="GET /it's", status_codes=["2??"]),
    )  # fmt: skip
    services = [
        LoadBalancerService("tcp", PLAIN_PORT, 8000, False, check),
        LoadBalancerService("tcp", PROXIED_PORT, 8000, True, check),
        LoadBalancerService("http", ASKED_PORT, 8000, False, asking),
    ]
    network = cloud.client.networks.get_by_name("ours")
    response = cloud.client.load_balancers.create(
        "entry", LoadBalancerType(name="lb11"), location=FALKENSTEIN, network=network, services=services,
        targets=[LoadBalancerTarget("server", server=fleet[name].server, use_private_ip=True) for name in ("a", "b")],
    )  # fmt: skip
    response.action.wait_until_finished()
    yield response.load_balancer
    cloud.client.load_balancers.get_by_id(response.load_balancer.id).delete().action.wait_until_finished()


def address_of(balancer: BoundLoadBalancer) -> str:
    return str(balancer.public_net.ipv4.ip)


def health(cloud: Cloud, balancer: BoundLoadBalancer, name: str, port: int = PLAIN_PORT) -> tuple[str, str | None]:
    """
    What the load balancer says of a server behind one of its ports.
    """
    server = cloud.client.servers.get_by_name(name)
    now = cloud.client.load_balancers.get_by_id(balancer.id)
    targets = [nested for target in now.targets for nested in (target.targets or [target])]
    (target,) = [target for target in targets if target.server.id == server.id]
    (status,) = [status for status in target.health_status if status.listen_port == port]
    return status.status, status.detail


def all_well(cloud: Cloud, balancer: BoundLoadBalancer) -> bool:
    ports = (PLAIN_PORT, PROXIED_PORT, ASKED_PORT)
    return all(health(cloud, balancer, name, port)[0] == "healthy" for name in ("a", "b") for port in ports)


def test_both_targets_get_traffic(cloud: Cloud, balancer: BoundLoadBalancer) -> None:
    """
    Requests are spread evenly over both servers, and never reach the third, which has the same address in another network.
    """
    eventually(lambda: all_well(cloud, balancer))
    assert who_answers(address_of(balancer)) == {"a": 10, "b": 10}


def test_targets_are_told_who_asks(cloud: Cloud, balancer: BoundLoadBalancer) -> None:
    """
    With the proxy protocol the first thing that a server reads is who asked whom; without, it is what the client sent.
    """
    eventually(lambda: all_well(cloud, balancer))
    container = cloud.docker.containers.get(cloud.instance.name("lb", "entry"))
    uplink = container.attrs["NetworkSettings"]["Networks"][cloud.instance.network_name]
    told = f" from {uplink['Gateway']} to {uplink['IPAddress']} GET / HTTP/1.1"
    assert str(get(address_of(balancer), PROXIED_PORT)).endswith(told)
    assert str(get(address_of(balancer))).endswith(" GET / HTTP/1.1")


def test_dead_target_is_taken_out(cloud: Cloud, balancer: BoundLoadBalancer, fleet: dict[str, Machine]) -> None:
    """
    Once its check has failed, a server gets nothing and nothing is lost; when it is back it gets its share again.
    """
    eventually(lambda: all_well(cloud, balancer))
    fleet["a"].ssh("systemctl stop web")
    try:
        eventually(lambda: health(cloud, balancer, "a") == ("unhealthy", "layer4_no_connection"), 2 * INTERVAL_S + 5)
        assert who_answers(address_of(balancer), 50) == {"b": 50}
        assert who_answers(address_of(balancer), 10, ASKED_PORT) == {"b": 10}
    finally:
        fleet["a"].ssh("systemctl start web")
    eventually(lambda: all_well(cloud, balancer), 2 * INTERVAL_S + 5)
    assert who_answers(address_of(balancer)) == {"a": 10, "b": 10}


def test_machine_that_is_off_is_taken_out(cloud: Cloud, balancer: BoundLoadBalancer, fleet: dict[str, Machine]) -> None:
    """
    The same when the whole machine is gone, although nobody there refuses a connection.
    """
    fleet["b"].server.power_off().wait_until_finished()
    eventually(lambda: health(cloud, balancer, "b")[0] == "unhealthy", 2 * INTERVAL_S + 5)
    assert who_answers(address_of(balancer), 10) == {"a": 10}
    fleet["b"].server.power_on().wait_until_finished()
    eventually(lambda: all_well(cloud, balancer), 60)


def test_changes_lose_nothing(cloud: Cloud, balancer: BoundLoadBalancer) -> None:
    """
    While services come and go, every request through another one is answered.
    """
    eventually(lambda: all_well(cloud, balancer))
    extra = LoadBalancerService("tcp", 9000, 8000, False)
    for _ in range(3):
        adding = balancer.add_service(extra)
        assert who_answers(address_of(balancer), 30)["lost"] == 0
        adding.wait_until_finished()
        assert get(address_of(balancer), 9000)
        balancer.delete_service(extra).wait_until_finished()
        assert get(address_of(balancer), 9000) is None


def test_public_targets_by_label(cloud: Cloud, balancer: BoundLoadBalancer, fleet: dict[str, Machine]) -> None:
    """
    A label selector without private addresses reaches every labelled server, whichever network it is in.
    """
    service = LoadBalancerService("tcp", PLAIN_PORT, 8000, False)
    everybody = LoadBalancerTarget(
        "label_selector", label_selector=LoadBalancerTargetLabelSelector("role=web"), use_private_ip=False
    )
    response = cloud.client.load_balancers.create(
        "public", LoadBalancerType(name="lb11"), location=FALKENSTEIN, services=[service], targets=[everybody]
    )
    response.action.wait_until_finished()
    address = address_of(response.load_balancer)
    assert who_answers(address, 30) == {"a": 10, "b": 10, "c": 10}
    fleet["c"].server.update(labels={})
    assert set(who_answers(address)) == {"a", "b"}
    fleet["c"].server.update(labels={"role": "web"})
    response.load_balancer.delete().action.wait_until_finished()
    assert get(address) is None


def test_load_balancer_comes_back(cloud: Cloud, balancer: BoundLoadBalancer) -> None:
    """
    It serves on while the cloud daemon is away, is started again when somebody kills it, and after a stop of everything.
    """
    container = cloud.docker.containers.get(cloud.instance.name("lb", "entry"))
    cloud.stop()
    assert who_answers(address_of(balancer)) == {"a": 10, "b": 10}
    container.kill()
    assert get(address_of(balancer)) is None
    cloud.start()
    eventually(lambda: all_well(cloud, balancer))
    assert who_answers(address_of(balancer)) == {"a": 10, "b": 10}
    container.kill()
    eventually(lambda: get(address_of(balancer)))
    eventually(lambda: all_well(cloud, balancer))
    assert who_answers(address_of(balancer)) == {"a": 10, "b": 10}


def test_floating_address_moves(cloud: Cloud, fleet: dict[str, Machine]) -> None:
    """
    A floating address leads to the machine that it is assigned to, then to another, then nowhere.
    """
    floating = cloud.client.floating_ips.create("ipv4", server=fleet["a"].server)
    floating.action.wait_until_finished()
    address = str(floating.floating_ip.ip)
    assert str(get(address, 8000)).startswith("a ")
    floating.floating_ip.assign(fleet["b"].server).wait_until_finished()
    assert str(get(address, 8000)).startswith("b ")
    floating.floating_ip.unassign().wait_until_finished()
    assert get(address, 8000) is None
    floating.floating_ip.delete()
