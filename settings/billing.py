"""
What Hetzner bills for, one item each, and what each costs. Standard library only: policies read it, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from settings.prices import PriceList, Rate, address, rate

NOTHING = Decimal(0)


class Kind(StrEnum):
    """
    What can be billed.
    """

    SERVER = "server"
    BACKUP = "backup"
    PRIMARY_IP = "primary-ip"
    FLOATING_IP = "floating-ip"
    VOLUME = "volume"
    LOAD_BALANCER = "load-balancer"


# {Pulumi's type: what is billed}
TOKENS = {
    "hcloud:index/server:Server": Kind.SERVER,
    "hcloud:index/volume:Volume": Kind.VOLUME,
    "hcloud:index/floatingIp:FloatingIp": Kind.FLOATING_IP,
    "hcloud:index/primaryIp:PrimaryIp": Kind.PRIMARY_IP,
    "hcloud:index/loadBalancer:LoadBalancer": Kind.LOAD_BALANCER,
}


@dataclass(frozen=True, kw_only=True)
class Item:
    """
    One thing on the bill. `type` is Hetzner's (`cx33`, `lb11`, `ipv4`), of a backup its server's; empty where it is not known,
    as `location` is. `server` is the one that it belongs to, if there is one.
    """

    kind: Kind
    name: str
    type: str = ""
    location: str = ""
    size_gb: int | None = None
    server: str = ""

    @property
    def what(self) -> str:
        """
        It as people call it.
        """
        size = "of unknown size" if self.size_gb is None else f"{self.size_gb} GB"
        return size if self.kind is Kind.VOLUME else self.type or "unknown"

    @property
    def price_key(self) -> str:
        """
        The figure that it is priced by.
        """
        return {
            Kind.SERVER: f"servers.{self.type}",
            Kind.BACKUP: f"servers.{self.type}",
            Kind.PRIMARY_IP: f"primary_{self.type}",
            Kind.FLOATING_IP: f"floating_{self.type}",
            Kind.VOLUME: "volume_gb",
            Kind.LOAD_BALANCER: f"load_balancers.{self.type}",
        }[self.kind]


def price(item: Item, prices: PriceList) -> Decimal | None:
    """
    EUR per month, exact; None where that is not known.
    """
    match item.kind:
        case Kind.SERVER | Kind.LOAD_BALANCER:
            found = allowance(item, prices)
            return found.eur if found else None
        case Kind.BACKUP:
            found = rate(prices.servers, item.type, item.location)
            return found.eur * prices.server_backup_percent / 100 if found else None
        case Kind.VOLUME:
            return None if item.size_gb is None else item.size_gb * prices.volume_gb
        case Kind.PRIMARY_IP:
            known = {"ipv4": address(prices.primary_ipv4, item.location), "ipv6": NOTHING}
            return known.get(item.type)
        case Kind.FLOATING_IP:
            offered = {"ipv4": prices.floating_ipv4, "ipv6": prices.floating_ipv6}.get(item.type)
            return address(offered, item.location) if offered else None


def allowance(item: Item, prices: PriceList) -> Rate | None:
    """
    What is priced by type and has traffic included: servers and load balancers. None for others, and where nobody knows.
    """
    offers = {Kind.SERVER: prices.servers, Kind.LOAD_BALANCER: prices.load_balancers}.get(item.kind)
    return rate(offers, item.type, item.location) if offers else None


def server_items(name: str, kind: str, location: str, *, has_ipv4: bool = True, has_backups: bool = False) -> Iterable[Item]:
    """
    A server with what comes with it.
    """
    yield Item(kind=Kind.SERVER, name=name, type=kind, location=location, server=name)
    if has_ipv4:
        yield Item(kind=Kind.PRIMARY_IP, name=f"{name}-ipv4", type="ipv4", location=location, server=name)
    if has_backups:
        yield Item(kind=Kind.BACKUP, name=f"{name}-backup", type=kind, location=location, server=name)


def items_of(token: str, name: str, inputs: Mapping[str, Any]) -> tuple[Item, ...]:
    """
    What a resource in a Pulumi program or plan is billed as, by its inputs; nothing where it costs nothing. A value of another
    type than the expected one is not known.
    """
    kind, location = TOKENS.get(token), _text(inputs, "location") or _text(inputs, "homeLocation")
    match kind:
        case None:
            return ()
        case Kind.SERVER:
            nets = inputs.get("publicNets")
            has_ipv4 = not isinstance(nets, list | tuple) or not any(
                isinstance(net, Mapping) and net.get("ipv4Enabled") is False for net in nets
            )
            has_backups = inputs.get("backups") is True
            server_type = _text(inputs, "serverType")
            return tuple(server_items(name, server_type, location, has_ipv4=has_ipv4, has_backups=has_backups))
        case Kind.VOLUME:
            size = inputs.get("size")
            whole = int(size) if isinstance(size, int | float) and not isinstance(size, bool) else None
            return (Item(kind=kind, name=name, location=location, size_gb=whole),)
        case Kind.LOAD_BALANCER:
            return (Item(kind=kind, name=name, type=_text(inputs, "loadBalancerType"), location=location),)
        case _:
            return (Item(kind=kind, name=name, type=_text(inputs, "type"), location=location),)


def _text(inputs: Mapping[str, Any], key: str) -> str:
    found = inputs.get(key)
    return found if isinstance(found, str) else ""
