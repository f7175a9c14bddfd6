"""
Load balancers through the official client.
"""

from __future__ import annotations

from typing import Any

import pytest
from hcloud import APIException, Client
from hcloud.certificates import Certificate
from hcloud.images import Image
from hcloud.load_balancer_types import LoadBalancerType
from hcloud.load_balancers import (
    LoadBalancerAlgorithm,
    LoadBalancerHealthCheck,
    LoadBalancerHealthCheckHttp,
    LoadBalancerService,
    LoadBalancerServiceHttp,
    LoadBalancerTarget,
    LoadBalancerTargetIP,
    LoadBalancerTargetLabelSelector,
)
from hcloud.locations import Location
from hcloud.networks import NetworkSubnet
from hcloud.server_types import ServerType

from sandbox.cloud.machines.model import Cookie, Health, Target

LB11, HELSINKI = LoadBalancerType(name="lb11"), Location(name="hel1")
HTTPS = LoadBalancerService(protocol="tcp", listen_port=443, destination_port=8443, proxyprotocol=True)


def refusal(call: Any, *arguments: Any, **options: Any) -> str:
    """
    The code with which a call is refused.
    """
    with pytest.raises(APIException) as caught:
        call(*arguments, **options)
    return str(caught.value.code)


def done(response: Any) -> Any:
    """
    What a creation gives, once its actions have ended.
    """
    for action in (response.action, *getattr(response, "next_actions", ())):
        action.wait_until_finished()
    return response


def by_label(selector: str, *, private: bool = False) -> LoadBalancerTarget:
    return LoadBalancerTarget(
        "label_selector", label_selector=LoadBalancerTargetLabelSelector(selector), use_private_ip=private
    )


@pytest.fixture
def network(client: Client) -> Any:
    return client.networks.create("net", "10.0.0.0/16", subnets=[NetworkSubnet("10.0.1.0/24", "cloud", "eu-central")])


@pytest.fixture
def web(client: Client, network: Any) -> Any:
    """
    A running server in the network.
    """
    response = client.servers.create(
        "web-1", ServerType("cx23"), Image(name="debian-12"), labels={"role": "web"}, networks=[network]
    )
    return done(response).server


@pytest.fixture
def balancer(client: Client) -> Any:
    return done(client.load_balancers.create("entry", LB11, location=HELSINKI)).load_balancer


def fresh(client: Client, balancer: Any) -> Any:
    return client.load_balancers.get_by_id(balancer.id)


def test_create_with_everything(client: Client, network: Any, web: Any, machines: Any) -> None:
    """
    Network, services and targets given at creation are all there, with Hetzner's defaults, and the balancer is told of them.
    """
    response = done(
        client.load_balancers.create(
            "entry", LB11, location=HELSINKI, network=network, services=[HTTPS], labels={"a": "b"},
            targets=[LoadBalancerTarget("server", server=web, use_private_ip=True)],
        )
    )  # fmt: skip
    made = fresh(client, response.load_balancer)
    assert response.action.command == "create_load_balancer"
    assert (made.location.name, made.algorithm.type, made.labels) == ("hel1", "round_robin", {"a": "b"})
    assert (made.public_net.ipv4.ip, made.public_net.enabled, made.private_net[0].ip) == ("127.10.4.12", True, "10.0.1.2")
    check = made.services[0].health_check
    assert (check.protocol, check.port, check.interval, check.timeout, check.retries) == ("tcp", 8443, 15, 10, 3)
    spec = machines.balancers.specs[made.id]
    assert spec.targets == (Target(server_id=web.id, private_ip="10.0.1.1"),)
    assert (spec.services[0].proxy_protocol, spec.private.ip, spec.private.prefix) == (True, "10.0.1.2", 16)
    assert machines.fronts == {"127.10.4.12": made.id}


def test_catalogue(client: Client) -> None:
    """
    All types are there with prices that the price list repeats.
    """
    types = client.load_balancer_types.get_all()
    assert [(row.name, row.max_services, row.max_targets) for row in types] == [
        ("lb11", 5, 25), ("lb21", 15, 75), ("lb31", 30, 150),
    ]  # fmt: skip
    listed = client._client.request("GET", "/pricing")["pricing"]["load_balancer_types"]
    assert [row["prices"] for row in listed] == [row.prices for row in types]


def test_place_is_required(client: Client) -> None:
    """
    A location or a network zone must be named; a zone gives one of its locations.
    """
    assert refusal(client.load_balancers.create, "entry", LB11) == "invalid_input"
    made = client.load_balancers.create("entry", LB11, network_zone="us-west").load_balancer
    assert made.location.name == "hil"


def test_services(client: Client, balancer: Any, machines: Any) -> None:
    """
    Services are added, changed as far as the request says, and deleted; a port is used once, and there are only so many.
    """
    balancer.add_service(HTTPS).wait_until_finished()
    assert refusal(balancer.add_service, HTTPS) == "source_port_already_used"
    change = LoadBalancerService(listen_port=443, health_check=LoadBalancerHealthCheck(interval=5))
    balancer.update_service(change).wait_until_finished()
    service = fresh(client, balancer).services[0]
    assert (service.destination_port, service.proxyprotocol) == (8443, True)
    assert (service.health_check.interval, service.health_check.port) == (5, 8443)
    assert machines.balancers.specs[balancer.id].services[0].check.interval_s == 5
    for port in range(1, 5):
        balancer.add_service(LoadBalancerService(protocol="tcp", listen_port=port, destination_port=port))
    more = LoadBalancerService(protocol="tcp", listen_port=9, destination_port=9)
    assert refusal(balancer.add_service, more) == "resource_limit_exceeded"
    balancer.delete_service(LoadBalancerService(listen_port=443)).wait_until_finished()
    assert [row.listen_port for row in fresh(client, balancer).services] == [1, 2, 3, 4]
    assert refusal(balancer.delete_service, LoadBalancerService(listen_port=443)) == "not_found"


def test_http_service(client: Client, balancer: Any, machines: Any) -> None:
    """
    HTTP has its defaults, checks by asking, and keeps clients to their server where sticky sessions are wanted.
    """
    http = LoadBalancerServiceHttp(sticky_sessions=True, cookie_lifetime=60)
    asked = LoadBalancerHealthCheckHttp(path="/health", status_codes=["200"])
    check = LoadBalancerHealthCheck(protocol="http", port=8080, interval=3, timeout=2, retries=1, http=asked)
    balancer.add_service(LoadBalancerService(protocol="http", http=http, health_check=check)).wait_until_finished()
    service = fresh(client, balancer).services[0]
    assert (service.listen_port, service.destination_port, service.http.timeout_idle) == (80, 80, 50)
    assert (service.http.cookie_name, service.http.cookie_lifetime) == ("HCLBSTICKY", 60)
    assert (service.health_check.http.path, service.health_check.http.domain) == ("/health", "")
    told = machines.balancers.specs[balancer.id].services[0]
    assert told.cookie == Cookie(name="HCLBSTICKY", lifetime_s=60)
    assert told.check.http.status_codes == ("200",)


@pytest.mark.parametrize(
    "service",
    [
        LoadBalancerService(protocol="https"),
        LoadBalancerService(protocol="tcp", listen_port=80),
        LoadBalancerService(protocol="http", http=LoadBalancerServiceHttp(redirect_http=True)),
        LoadBalancerService(protocol="http", health_check=LoadBalancerHealthCheck(interval=1)),
        LoadBalancerService(protocol="http", health_check=LoadBalancerHealthCheck(retries=9)),
        LoadBalancerService(
            protocol="http", health_check=LoadBalancerHealthCheck(http=LoadBalancerHealthCheckHttp(path="/a b"))
        ),
        LoadBalancerService(
            protocol="http", health_check=LoadBalancerHealthCheck(http=LoadBalancerHealthCheckHttp(response="a\nb"))
        ),
    ],
)
def test_services_that_are_refused(balancer: Any, service: LoadBalancerService) -> None:
    """
    What Hetzner does not take, or what could break out of HAProxy's configuration, is invalid input.
    """
    assert refusal(balancer.add_service, service) == "invalid_input"


def test_certificates_are_not_found(balancer: Any) -> None:
    """
    The sandbox has no certificates, so a service that names one is refused as Hetzner refuses an unknown one.
    """
    service = LoadBalancerService(protocol="https", http=LoadBalancerServiceHttp(certificates=[Certificate(id=1)]))
    assert refusal(balancer.add_service, service) == "not_found"


def test_targets_by_label(client: Client, balancer: Any, web: Any, machines: Any) -> None:
    """
    A label selector reaches the servers that have the labels now, at their public address; each with its health.
    """
    balancer.add_service(HTTPS).wait_until_finished()
    balancer.add_target(by_label("role=web")).wait_until_finished()
    assert refusal(balancer.add_target, by_label("role=web")) == "target_already_defined"
    assert machines.balancers.specs[balancer.id].targets == (Target(server_id=web.id, private_ip=None),)
    machines.balancers.told = {(443, web.id): Health(status="unhealthy", detail="layer4_timeout")}
    resolved = fresh(client, balancer).targets[0].targets[0]
    assert (resolved.server.id, resolved.health_status[0].status) == (web.id, "unhealthy")
    assert resolved.health_status[0].detail == "layer4_timeout"
    assert client._client.request("GET", f"/servers/{web.id}")["server"]["load_balancers"] == [balancer.id]
    client.servers.get_by_id(web.id).update(labels={})
    assert machines.balancers.specs[balancer.id].targets == ()
    balancer.remove_target(by_label("role=web")).wait_until_finished()
    assert fresh(client, balancer).targets == []
    assert refusal(balancer.remove_target, by_label("role=web")) == "load_balancer_target_not_found"


def test_targets_that_cannot_be(client: Client, balancer: Any, network: Any, web: Any) -> None:
    """
    Private targets need the same network, public ones an address; addresses are for dedicated servers only.
    """
    private = LoadBalancerTarget("server", server=web, use_private_ip=True)
    assert refusal(balancer.add_target, private) == "load_balancer_not_attached_to_network"
    balancer.attach_to_network(network).wait_until_finished()
    web.detach_from_network(network).wait_until_finished()
    assert refusal(balancer.add_target, private) == "server_not_attached_to_network"
    own = LoadBalancerTarget("ip", ip=LoadBalancerTargetIP(ip=client.servers.get_by_id(web.id).public_net.ipv4.ip))
    assert refusal(balancer.add_target, own) == "cloud_resource_ip_not_allowed"
    assert refusal(balancer.add_target, LoadBalancerTarget("ip", ip=LoadBalancerTargetIP(ip="192.0.2.1"))) == "ip_not_owned"


def test_deleted_server_is_no_target_any_more(client: Client, balancer: Any, web: Any, machines: Any) -> None:
    """
    A server leaves its load balancers when it is deleted.
    """
    balancer.add_target(LoadBalancerTarget("server", server=web)).wait_until_finished()
    web.delete().wait_until_finished()
    assert fresh(client, balancer).targets == []


def test_network_and_public_interface(client: Client, balancer: Any, network: Any, web: Any, machines: Any) -> None:
    """
    A load balancer has one network, is its member, and takes its private targets with it when it leaves; without a public
    interface nothing leads to it from outside.
    """
    assert refusal(balancer.disable_public_interface) == "load_balancer_not_attached_to_network"
    balancer.attach_to_network(network, ip="10.0.1.9").wait_until_finished()
    assert refusal(balancer.attach_to_network, network) == "load_balancer_already_attached"
    assert client._client.request("GET", f"/networks/{network.id}")["network"]["load_balancers"] == [balancer.id]
    assert refusal(network.delete_subnet, NetworkSubnet("10.0.1.0/24")) == "resource_in_use"
    balancer.add_target(by_label("role=web", private=True)).wait_until_finished()
    balancer.disable_public_interface().wait_until_finished()
    assert machines.fronts == {}
    assert refusal(balancer.add_target, by_label("role=other")) == "targets_without_use_private_ip"
    balancer.enable_public_interface().wait_until_finished()
    balancer.detach_from_network(network).wait_until_finished()
    now = fresh(client, balancer)
    assert (now.private_net, now.targets, now.public_net.enabled) == ([], [], True)


def test_network_of_another_zone(client: Client, network: Any) -> None:
    """
    A load balancer finds no subnet in a network of another zone.
    """
    balancer = done(client.load_balancers.create("entry", LB11, network_zone="us-east")).load_balancer
    assert refusal(balancer.attach_to_network, network) == "no_subnet_available"


def test_deleted_network_lets_go(client: Client, balancer: Any, network: Any) -> None:
    """
    Deleting a network takes load balancers out of it.
    """
    balancer.attach_to_network(network).wait_until_finished()
    network.delete()
    assert fresh(client, balancer).private_net == []


def test_settings(client: Client, balancer: Any, machines: Any) -> None:
    """
    Name, labels, algorithm, type, reverse names and protection change in place.
    """
    balancer.update(name="front", labels={"x": "y"})
    balancer.change_algorithm(LoadBalancerAlgorithm("least_connections")).wait_until_finished()
    balancer.change_type(LoadBalancerType(name="lb21")).wait_until_finished()
    assert refusal(balancer.change_type, LoadBalancerType(name="lb21")) == "invalid_load_balancer_type"
    ip = balancer.public_net.ipv4.ip
    balancer.change_dns_ptr(ip, "www.example.com").wait_until_finished()
    assert refusal(balancer.change_dns_ptr, "127.0.0.1", "www.example.com") == "invalid_input"
    balancer.change_protection(delete=True).wait_until_finished()
    now = client.load_balancers.get_by_name("front")
    assert (now.algorithm.type, now.load_balancer_type.name, now.labels) == ("least_connections", "lb21", {"x": "y"})
    assert now.public_net.ipv4.dns_ptr == "www.example.com"
    assert machines.balancers.specs[balancer.id].name == "front"
    assert refusal(now.delete) == "protected"
    now.change_protection(delete=False).wait_until_finished()
    now.delete().action.wait_until_finished()
    assert client.load_balancers.get_all() == []
    assert machines.balancers.specs == {}


def test_failed_creation_leaves_nothing(client: Client, machines: Any) -> None:
    """
    A load balancer whose container cannot be made is gone, and its name and address are free again.
    """
    machines.fail["balance"] = RuntimeError("no room")
    response = client.load_balancers.create("entry", LB11, location=HELSINKI)
    with pytest.raises(Exception, match="no room"):
        response.action.wait_until_finished()
    machines.fail.clear()
    assert client.load_balancers.get_all() == []
    assert (
        done(client.load_balancers.create("entry", LB11, location=HELSINKI)).load_balancer.public_net.ipv4.ip == "127.10.4.11"
    )


def test_load_balancer_survives_a_restart(emulator: Any, client: Client, balancer: Any, machines: Any) -> None:
    """
    After a restart of the cloud, load balancers are as before and are made real again.
    """
    emulator.stop()
    machines.balancers.specs.clear()
    emulator.start()
    client = emulator.client()
    done(client.load_balancers.create("other", LB11, location=HELSINKI))
    assert balancer.id in machines.balancers.specs
    assert machines.asked("tidy")[-1][3] == {balancer.id}
