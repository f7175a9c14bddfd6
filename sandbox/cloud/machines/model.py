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
    A server's public address and what may pass. `inbound` None: no firewall is applied, everything passes; an empty tuple:
    nothing does. `outbound` None: everything may leave.
    """

    server_id: int
    public_ip: str | None
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
