"""
Which servers are behind a load balancer, from the cloud's documents. Pure.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping

from sandbox.cloud.hetzner import labels
from sandbox.cloud.machines.model import BalancerSpec, Check, Cookie, Health, HttpCheck, PrivateAddress, Service, Target
from sandbox.cloud.store import Document

HealthOf = Mapping[tuple[int, int], Health]


def spec(
    balancer: Document, servers: Iterable[Document], networks: Mapping[int, Document], public: Collection[int]
) -> BalancerSpec:
    """
    A load balancer as it should be; `public` are the servers that have a public IPv4 address.
    """
    return BalancerSpec(
        balancer_id=balancer["id"],
        name=balancer["name"],
        algorithm=balancer["algorithm"]["type"],
        services=tuple(_service(service) for service in balancer["services"]),
        targets=tuple(_targets(balancer, list(servers), public)),
        private=_private(balancer, networks),
    )


def servers_of(target: Document, servers: Iterable[Document]) -> list[Document]:
    """
    The servers that a target names, by itself or by their labels.
    """
    if target["type"] == "server":
        return [server for server in servers if server["id"] == target["server"]["id"]]
    return [server for server in servers if labels.matches(target["label_selector"]["selector"], server["labels"])]


def private_ip(server: Document, balancer: Document) -> str | None:
    """
    A server's address in the load balancer's network, where it has one.
    """
    network = {entry["network"] for entry in balancer["private_net"]}
    return next((str(entry["ip"]) for entry in server["private_net"] if entry["network"] in network), None)


def shown_target(target: Document, balancer: Document, servers: Iterable[Document], health: HealthOf) -> Document:
    """
    A target with its health, as the API shows it.
    """
    if target["type"] == "server":
        return {**target, "health_status": _health_status(target["server"]["id"], balancer, health)}
    resolved = [
        {
            "type": "server",
            "server": {"id": server["id"]},
            "use_private_ip": target["use_private_ip"],
            "health_status": _health_status(server["id"], balancer, health),
        }
        for server in servers_of(target, servers)
    ]
    return {**target, "targets": resolved}


def _targets(balancer: Document, servers: list[Document], public: Collection[int]) -> Iterator[Target]:
    """
    Every server once, as its first target wants it; those that cannot be reached that way are left out.
    """
    seen: set[int] = set()
    for target in balancer["targets"]:
        for server in servers_of(target, servers):
            ip = private_ip(server, balancer) if target["use_private_ip"] else None
            is_reachable = ip is not None if target["use_private_ip"] else server["id"] in public
            if is_reachable and server["id"] not in seen:
                seen.add(server["id"])
                yield Target(server_id=server["id"], private_ip=ip)


def _private(balancer: Document, networks: Mapping[int, Document]) -> PrivateAddress | None:
    """
    Without the network's routes: they are for servers.
    """
    for entry in balancer["private_net"]:
        network = networks[entry["network"]]
        prefix = ipaddress.ip_network(network["ip_range"]).prefixlen
        return PrivateAddress(network_id=network["id"], ip=entry["ip"], prefix=prefix)
    return None


def _service(service: Document) -> Service:
    http = service["http"] or {}
    return Service(
        listen_port=service["listen_port"],
        destination_port=service["destination_port"],
        proxy_protocol=service["proxyprotocol"],
        check=_check(service["health_check"]),
        idle_s=http.get("timeout_idle"),
        cookie=Cookie(name=http["cookie_name"], lifetime_s=http["cookie_lifetime"]) if http.get("sticky_sessions") else None,
    )


def _check(check: Document) -> Check:
    http = check["http"]
    return Check(
        port=check["port"],
        interval_s=check["interval"],
        timeout_s=check["timeout"],
        retries=check["retries"],
        http=http
        and HttpCheck(
            domain=http["domain"],
            path=http["path"],
            response=http["response"],
            status_codes=tuple(http["status_codes"]),
            tls=http["tls"],
        ),
    )


def _health_status(server_id: int, balancer: Document, health: HealthOf) -> list[Document]:
    rows = []
    for service in balancer["services"]:
        port = service["listen_port"]
        found = health.get((port, server_id), Health(status="unknown"))
        why = {"detail": found.detail, "http_status_code": found.http_status_code}
        rows.append({"listen_port": port, "status": found.status, **{key: value for key, value in why.items() if value}})
    return rows
