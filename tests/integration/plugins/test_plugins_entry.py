"""
How requests come in, under the real engine: load balancer, floating IP, reverse names, placement, routes, all kinds of records.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandbox.cloud.cloudflare.state import RECORD
from sandbox.cloud.store import Store
from tests.integration.plugins.projects import Project

PROGRAM = """
import pulumi, pulumi_cloudflare as cloudflare, pulumi_hcloud as hcloud
config = pulumi.Config()
interval = config.get_int("interval") or 15
private = hcloud.Network("net", name="net", ip_range="10.0.0.0/16")
network_id = private.id.apply(int)
subnet = hcloud.NetworkSubnet("subnet",
    network_id=network_id, type="cloud", network_zone="eu-central", ip_range="10.0.1.0/24")
hcloud.NetworkRoute("route", network_id=network_id, destination="10.9.0.0/16", gateway="10.0.1.7",
    opts=pulumi.ResourceOptions(depends_on=[subnet]))
group = hcloud.PlacementGroup("group", name="group", type="spread")
servers = [hcloud.Server(f"web-{number}", name=f"web-{number}", server_type="cx23", image="debian-12", location="fsn1",
    labels={"role": "ingress"}, placement_group_id=group.id.apply(int),
    networks=[hcloud.ServerNetworkArgs(network_id=network_id)],
    opts=pulumi.ResourceOptions(depends_on=[subnet])) for number in (1, 2)]
entry = hcloud.LoadBalancer("entry", name="entry", load_balancer_type="lb11", location="fsn1",
    algorithm=hcloud.LoadBalancerAlgorithmArgs(type=config.get("algorithm") or "round_robin"))
joined = hcloud.LoadBalancerNetwork("joined", load_balancer_id=entry.id.apply(int), subnet_id=subnet.id)
for port in (80, 443):
    hcloud.LoadBalancerService(f"port-{port}", load_balancer_id=entry.id, protocol="tcp", listen_port=port,
        destination_port=port, proxyprotocol=True, health_check=hcloud.LoadBalancerServiceHealthCheckArgs(
            protocol="http", port=80, interval=interval, timeout=5, retries=2,
            http=hcloud.LoadBalancerServiceHealthCheckHttpArgs(path="/ready", domain="flotilla.test")))
hcloud.LoadBalancerTarget("targets", load_balancer_id=entry.id.apply(int), type="label_selector",
    label_selector="role=ingress", use_private_ip=True, opts=pulumi.ResourceOptions(depends_on=[joined, *servers]))
floating = hcloud.FloatingIp("floating", name="floating", type="ipv4", home_location="fsn1", description="the way in")
hcloud.FloatingIpAssignment("assigned", floating_ip_id=floating.id.apply(int), server_id=servers[0].id.apply(int))
hcloud.Rdns("reverse", load_balancer_id=entry.id.apply(int), ip_address=entry.ipv4, dns_ptr="entry.flotilla.test")

zone = cloudflare.get_zone_output(filter={"match": "all", "name": "flotilla.test"})
caa = cloudflare.DnsRecordDataArgs(flags=0, tag="issue", value="letsencrypt.org")
service = cloudflare.DnsRecordDataArgs(priority=10, weight=5, port=5060, target="www.flotilla.test")
for name, type, fields in (
    ("flotilla.test", "A", {"content": entry.ipv4}),
    ("flotilla.test", "AAAA", {"content": entry.ipv6}),
    ("flotilla.test", "MX", {"content": "mail.flotilla.test", "priority": 10}),
    ("flotilla.test", "TXT", {"content": '"v=spf1 -all"'}),
    ("flotilla.test", "CAA", {"data": caa}),
    ("_sip._tcp.flotilla.test", "SRV", {"data": service, "priority": 10}),
    ("www.flotilla.test", "CNAME", {"content": "flotilla.test", "proxied": True}),
):
    proxied = fields.get("proxied", False)
    cloudflare.DnsRecord(f"{type}-{name}", zone_id=zone.id, name=name, type=type, ttl=1 if proxied else 300, **fields)
pulumi.export("ready", pulumi.Output.all(entry.network_ip, joined.ip))
"""


@pytest.fixture
def entry(project: Project) -> Project:
    """
    A project with this program.
    """
    project.write(PROGRAM)
    return project


def left(project: Project, store: Store) -> list[Any]:
    """
    Everything that is still in the clouds.
    """
    client = project.client
    kinds = (client.load_balancers, client.floating_ips, client.servers, client.networks, client.placement_groups)
    return [*(row for kind in kinds for row in kind.get_all()), *store.list(RECORD)]


def test_an_entry_lives_from_up_to_destroy(entry: Project, store: Store) -> None:
    """Up makes all of it, up and refresh change nothing more, changes are made in place, and destroy leaves nothing."""
    entry.up()
    balancer = entry.client.load_balancers.get_by_name("entry")
    assert balancer.public_net.ipv4.dns_ptr == "entry.flotilla.test"
    assert {nested.server.id for nested in balancer.targets[0].targets} == {row.id for row in entry.client.servers.get_all()}
    assert sorted(row["content"] for row in store.list(RECORD) if row["type"] in ("CAA", "SRV")) == [
        '0 issue "letsencrypt.org"',
        "5 5060 www.flotilla.test",
    ]
    assert entry.changes() == {}
    entry.run("refresh", "--yes", "--skip-preview")
    assert entry.changes() == {}
    entry.run("config", "set", "interval", "5")
    entry.run("config", "set", "algorithm", "least_connections")
    assert entry.changes() == {"entry": "update", "port-80": "update", "port-443": "update"}
    entry.up()
    balancer = entry.client.load_balancers.get_by_name("entry")
    assert balancer.algorithm.type == "least_connections"
    assert {row.health_check.interval for row in balancer.services} == {5}
    assert entry.changes() == {}
    entry.run("destroy", "--yes", "--skip-preview")
    assert left(entry, store) == []


def test_another_stack_previews_all_of_it(entry: Project, store: Store) -> None:
    """With every id still unknown, a preview on a stack that is not the sandbox's plans each resource and makes none."""
    entry.run("stack", "init", "production")
    plan = entry.changes()
    assert set(plan.values()) == {"create"}
    assert len(plan) == 22
    assert left(entry, store) == []


def test_a_load_balancer_is_imported(entry: Project) -> None:
    """A load balancer and its service, made by hand, come into a stack by their ids and are not touched."""
    balancer = entry.client._client.request(
        "POST", "/load_balancers", json={"name": "old", "load_balancer_type": "lb11", "location": "fsn1"}
    )["load_balancer"]
    service = {"protocol": "tcp", "listen_port": 80, "destination_port": 8080}
    entry.client._client.request("POST", f"/load_balancers/{balancer['id']}/actions/add_service", json=service)
    entry.write(
        "import pulumi_hcloud as hcloud\n"
        "old = hcloud.LoadBalancer('old', name='old', load_balancer_type='lb11', location='fsn1')\n"
        "hcloud.LoadBalancerService('http', load_balancer_id=old.id, protocol='tcp', listen_port=80, destination_port=8080)\n"
    )
    resources = [
        {"type": "hcloud:index/loadBalancer:LoadBalancer", "name": "old", "id": str(balancer["id"])},
        {"type": "hcloud:index/loadBalancerService:LoadBalancerService", "name": "http", "id": f"{balancer['id']}__80"},
    ]
    (entry.folder / "import.json").write_text(json.dumps({"resources": resources}))
    arguments = ["import", "--yes", "--skip-preview", "--generate-code=false", "--protect=false"]
    entry.run(*arguments, "--file", "import.json")
    assert entry.changes() == {}
