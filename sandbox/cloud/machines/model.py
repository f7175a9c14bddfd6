"""
What the machines are told: plain values, made from the cloud's documents by `sandbox.cloud.hetzner.wanted`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PrivateAddress:
    """
    A machine's place in one private network.

    `prefix` is the length of the whole network's range, so that all its subnets are neighbours. `routes` are pairs of
    destination range and gateway address.
    """

    network_id: int
    ip: str
    prefix: int
    aliases: tuple[str, ...] = ()
    routes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class MachineSpec:
    """
    One server as it should be. `volumes` are ids of attached disks.
    """

    server_id: int
    name: str
    cores: int
    memory_gb: float
    private: tuple[PrivateAddress, ...] = ()
    volumes: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Rule:
    """
    What one firewall rule lets through. `ports` is "80", "80-85", or None for all; `ranges` are IPv4 ranges.
    """

    protocol: str
    ports: str | None
    ranges: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Guard:
    """
    A server's public addresses (its own and floating ones) and what may pass. `inbound` None: no firewall is applied,
    everything passes; an empty tuple: nothing does. `outbound` None: everything may leave.
    """

    server_id: int
    public_ips: tuple[str, ...] = ()
    inbound: tuple[Rule, ...] | None = None
    outbound: tuple[Rule, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Seed:
    """
    What cloud-init finds at first boot. `root_password` is set only where no SSH key was given.
    """

    user_data: str | None
    public_keys: tuple[str, ...] = ()
    root_password: str | None = None


@dataclass(frozen=True, kw_only=True)
class HttpCheck:
    """
    What a health check over HTTP asks and expects. `status_codes` may hold the wildcards `?` and `*`.
    """

    domain: str
    path: str
    response: str
    status_codes: tuple[str, ...]
    tls: bool


@dataclass(frozen=True, kw_only=True)
class Check:
    """
    How a load balancer tells whether a target is well; without `http` a connection is enough.
    """

    port: int
    interval_s: int
    timeout_s: int
    retries: int
    http: HttpCheck | None = None


@dataclass(frozen=True, kw_only=True)
class Cookie:
    """
    What ties a client to its target.
    """

    name: str
    lifetime_s: int


@dataclass(frozen=True, kw_only=True)
class Service:
    """
    One port of a load balancer. `idle_s` is set, and a cookie may be, where it speaks HTTP.
    """

    listen_port: int
    destination_port: int
    proxy_protocol: bool
    check: Check
    idle_s: int | None = None
    cookie: Cookie | None = None


@dataclass(frozen=True, kw_only=True)
class Target:
    """
    A server behind a load balancer, at an address in the private network; None: at its public one.
    """

    server_id: int
    private_ip: str | None


@dataclass(frozen=True, kw_only=True)
class BalancerSpec:
    """
    One load balancer as it should be. `algorithm` is round_robin or least_connections.
    """

    balancer_id: int
    name: str
    algorithm: str
    services: tuple[Service, ...] = ()
    targets: tuple[Target, ...] = ()
    private: PrivateAddress | None = None


@dataclass(frozen=True, kw_only=True)
class Health:
    """
    What a load balancer thinks of a target: healthy, unhealthy or unknown, and why in the API's words.
    """

    status: str
    detail: str | None = None
    http_status_code: int | None = None
