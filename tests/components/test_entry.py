"""
Where requests get in: the first server's address, a floating one, or a load balancer's.
"""

from __future__ import annotations

import pytest

from tests.conftest import Checkout, Recording

LOAD_BALANCER = "hcloud:index/loadBalancer:LoadBalancer"
FLOATING_IP = "hcloud:index/floatingIp:FloatingIp"


def entered(checkout: Checkout, entry: str, count: int = 1, stack: str = "local") -> Recording:
    checkout.change_environment(stack, lambda found: found["ingress"].update(entry=entry))
    checkout.change_environment(stack, lambda found: found["servers"]["app"].update(count=count, roles=["app", "ingress"]))
    return checkout.foundation(stack)


@pytest.mark.parametrize(
    ("entry", "count", "kind", "ipv4"),
    [
        ("auto", 1, "server", "127.10.0.11"),
        ("auto", 2, "load-balancer", "127.10.0.31"),
        ("server", 1, "server", "127.10.0.11"),
        ("floating-ip", 2, "floating-ip", "127.10.0.21"),
        ("load-balancer", 1, "load-balancer", "127.10.0.31"),
    ],
)
def test_the_entry_is_what_the_settings_say(checkout: Checkout, entry: str, count: int, kind: str, ipv4: str) -> None:
    """`auto` is a load balancer for several servers, and the server's own address for one."""
    recording = entered(checkout, entry, count)

    assert recording.stack_outputs["entry"] == {"kind": kind, "ipv4": ipv4}
    assert len(recording.of(LOAD_BALANCER)) == (kind == "load-balancer")
    assert len(recording.of(FLOATING_IP)) == (kind == "floating-ip")


@pytest.mark.parametrize("entry", ["server", "floating-ip", "load-balancer"])
def test_with_ipv6_the_entry_has_such_an_address_too(checkout: Checkout, entry: str) -> None:
    """Names get AAAA records from it."""
    checkout.change_environment("production", lambda found: found["network"].update(ipv6=True))

    assert entered(checkout, entry, stack="production").stack_outputs["entry"]["ipv6"]


def test_the_load_balancer_passes_tcp_on_and_says_who_asks(checkout: Checkout) -> None:
    """Both ports with the proxy protocol; a server counts once it has all its sites."""
    services = entered(checkout, "auto", 2).of("hcloud:index/loadBalancerService:LoadBalancerService")

    assert {found.inputs["listenPort"]: found.inputs["destinationPort"] for found in services} == {80: 80, 443: 443}
    for found in services:
        assert (found.inputs["protocol"], found.inputs["proxyprotocol"]) == ("tcp", True)
        assert found.inputs["healthCheck"]["http"]["path"] == "/.well-known/flotilla/ready"


def test_the_load_balancer_reaches_servers_through_the_private_network(checkout: Checkout) -> None:
    """By their private address, once both are attached; a server is taken out before it is drained."""
    recording = entered(checkout, "auto", 2)
    targets = recording.of("hcloud:index/loadBalancerTarget:LoadBalancerTarget")

    assert {found.name for found in targets} == {"local-entry-target-app-1", "local-entry-target-app-2"}
    for found in targets:
        assert found.inputs["usePrivateIp"] is True
        assert found.depends_on >= {"local-entry-network", f"local-{found.name.removeprefix('local-entry-target-')}-node"}


@pytest.mark.parametrize(
    ("entry", "before"), [("load-balancer", "local-entry-target-app-1"), ("floating-ip", "local-entry-ipv4-interface")]
)
def test_an_address_that_is_given_up_goes_on_until_nobody_remembers_it(checkout: Checkout, entry: str, before: str) -> None:
    """Names move first; then the time passes for which others remember them; then what is behind the address goes."""
    checkout.change_environment("local", lambda found: found.update(dns={"ttl_s": 60}))
    recording = entered(checkout, entry)
    (settled,) = [found for found in recording.registrations if found.name.endswith("-settled")]

    assert 'sleep "$TTL_S"' in settled.inputs["delete"]
    assert "TTL_S=60\n" in settled.inputs["stdin"]
    assert before in settled.depends_on


def test_a_floating_address_is_known_to_the_server_at_every_boot(checkout: Checkout) -> None:
    """Hetzner routes it, and the server has to have it: a unit sees to that."""
    recording = entered(checkout, "floating-ip")
    interface = recording.named("local-entry-ipv4-interface")

    assert "ADDRESS=127.10.0.21/32\n" in interface.inputs["stdin"]
    assert "systemctl enable" in interface.inputs["create"]
    assert "systemctl disable" in interface.inputs["delete"]
    assert recording.named("local-entry-ipv4-assignment").inputs["serverId"] == int(
        recording.outputs[recording.named("app-1-server").parent]["server_id"]
    )


def test_a_floating_address_in_production_is_protected(checkout: Checkout) -> None:
    """Others may know it: it cannot be had again."""
    for found in entered(checkout, "floating-ip", stack="production").of(FLOATING_IP):
        assert found.request.protect
        assert found.inputs["deleteProtection"] is True
