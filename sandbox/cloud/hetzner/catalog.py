"""
What Hetzner Cloud offers: locations, server types with their prices, images. The hardware is that of `settings.catalog`.

Prices are those of `settings.prices`, and where it has none for a location, the dearest of the others; they serve to rehearse
cost reports, not as an invoice. Unconfirmed are those that are only here (retired server types, images), the ids, and the dates
on which server types were retired.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sandbox.cloud.store import Document
from settings.catalog import LOCATIONS as ZONES
from settings.catalog import SERVER_TYPES as ORDERABLE
from settings.catalog import ServerType
from settings.prices import Rate, current

VAT_PERCENT = Decimal("19.00")
HOURS_PER_MONTH = 624  # Hetzner's hourly price reaches the monthly one after 26 days
TERABYTE = 1024**4
IMAGE_PRICE = "0.0143"

EUROPE = ("fsn1", "nbg1", "hel1")
AMERICA = ("ash", "hil")
ASIA = ("sin",)
EVERYWHERE = EUROPE + AMERICA + ASIA

LOCATIONS: list[Document] = [
    {
        "id": id, "name": name, "description": f"{city} DC Park {number}" if number else city, "country": country, "city": city,
        "latitude": latitude, "longitude": longitude, "network_zone": ZONES[name],
    }
    for id, name, city, number, country, latitude, longitude in (
        (1, "fsn1", "Falkenstein", 1, "DE", 50.47612, 12.370071),
        (2, "nbg1", "Nuremberg", 1, "DE", 49.452102, 11.076665),
        (3, "hel1", "Helsinki", 1, "FI", 60.169855, 24.938379),
        (4, "ash", "Ashburn, VA", 0, "US", 39.045821, -77.487073),
        (5, "hil", "Hillsboro, OR", 0, "US", 45.54222, -122.951924),
        (6, "sin", "Singapore", 0, "SG", 1.283333, 103.833333),
    )
]  # fmt: skip
DATACENTERS = [(2, "nbg1-dc3", "nbg1"), (3, "hel1-dc2", "hel1"), (4, "fsn1-dc14", "fsn1"), (5, "ash-dc1", "ash"),
               (6, "hil-dc1", "hil"), (7, "sin-dc1", "sin")]  # fmt: skip


@dataclass(frozen=True)
class Offer:
    """
    A server type. `retired` is when it was announced as deprecated and since when it cannot be ordered, in `retired_in`.
    """

    id: int
    name: str
    category: str
    locations: tuple[str, ...] = EVERYWHERE
    retired: tuple[str, str] | None = None
    retired_in: tuple[str, ...] = ()

    @property
    def hardware(self) -> ServerType:
        """
        What one has of it.
        """
        return (ORDERABLE | NOT_ORDERABLE)[self.name]

    def deprecation(self, location: str) -> Document | None:
        """
        As the API tells it for one location.
        """
        if self.retired is None or location not in self.retired_in:
            return None
        return {"announced": self.retired[0], "unavailable_after": self.retired[1]}


# What servers may still have, but settings may no longer name, and what that costs.
NOT_ORDERABLE_PRICES = {"cx22": "3.29", "cx32": "5.49", "cx42": "14.49", "cx52": "28.99"}
NOT_ORDERABLE = {
    "cx22": ServerType(2, 4, 40),
    "cx32": ServerType(4, 8, 80),
    "cx42": ServerType(8, 16, 160),
    "cx52": ServerType(16, 32, 320),
}

COST, REGULAR, GENERAL = "Cost-Optimized", "Regular Performance", "General Purpose"
GONE = ("2025-10-16T06:00:00Z", "2025-12-31T23:59:59Z")

OFFERS = [
    Offer(22, "cpx11", REGULAR, EUROPE + AMERICA + ASIA, GONE, EUROPE),
    Offer(23, "cpx21", REGULAR, EUROPE + AMERICA + ASIA, GONE, EUROPE),
    Offer(24, "cpx31", REGULAR, EUROPE + AMERICA + ASIA, GONE, EUROPE),
    Offer(25, "cpx41", REGULAR, EUROPE + AMERICA + ASIA, GONE, EUROPE),
    Offer(26, "cpx51", REGULAR, EUROPE + AMERICA + ASIA, GONE, EUROPE),
    Offer(45, "cax11", COST, EUROPE),
    Offer(93, "cax21", COST, EUROPE),
    Offer(94, "cax31", COST, EUROPE),
    Offer(95, "cax41", COST, EUROPE),
    Offer(96, "ccx13", GENERAL),
    Offer(97, "ccx23", GENERAL),
    Offer(98, "ccx33", GENERAL),
    Offer(99, "ccx43", GENERAL),
    Offer(100, "ccx53", GENERAL),
    Offer(101, "ccx63", GENERAL),
    Offer(104, "cx22", COST, EUROPE, GONE, EUROPE),
    Offer(105, "cx32", COST, EUROPE, GONE, EUROPE),
    Offer(106, "cx42", COST, EUROPE, GONE, EUROPE),
    Offer(107, "cx52", COST, EUROPE, GONE, EUROPE),
    Offer(108, "cpx12", REGULAR, EUROPE + ASIA),
    Offer(109, "cpx22", REGULAR, EUROPE + ASIA),
    Offer(110, "cpx32", REGULAR, EUROPE + ASIA),
    Offer(111, "cpx42", REGULAR, EUROPE + ASIA),
    Offer(112, "cpx52", REGULAR, EUROPE + ASIA),
    Offer(113, "cpx62", REGULAR, EUROPE + ASIA),
    Offer(114, "cx23", COST, EUROPE),
    Offer(115, "cx33", COST, EUROPE),
    Offer(116, "cx43", COST, EUROPE),
    Offer(117, "cx53", COST, EUROPE),
]

IMAGES: list[Document] = [
    {
        "id": id, "type": "system", "status": "available", "name": "debian-12", "description": "Debian 12", "image_size": None,
        "disk_size": 5, "created": "2023-06-13T06:00:00Z", "created_from": None, "bound_to": None, "os_flavor": "debian",
        "os_version": "12", "architecture": architecture, "rapid_deploy": True, "protection": {"delete": False},
        "deprecated": None, "deprecation": None, "deleted": None, "labels": {},
    }
    for id, architecture in ((114690387, "x86"), (114690389, "arm"))
]  # fmt: skip


def location(name: str) -> Document:
    """
    Raises: KeyError.
    """
    return {entry["name"]: entry for entry in LOCATIONS}[name]


def zones() -> set[str]:
    """
    All network zones.
    """
    return {entry["network_zone"] for entry in LOCATIONS}


def price(net: str | Decimal, digits: int = 10) -> Document:
    """
    Net and gross as the API writes them.
    """
    exact = Decimal(net)
    return {"net": f"{exact:.{digits}f}", "gross": f"{exact * (1 + VAT_PERCENT / 100):.{digits}f}"}


def prices(offer: Offer) -> list[Document]:
    """
    A server type's prices per location. Retired types have the traffic of the smallest that is sold.
    """
    return [_row(offer.name, name) for name in offer.locations]


def _row(kind: str, place: str) -> Document:
    offered = current().servers.get(kind, current().servers["cx23"])
    known = offered.get(place) or max(offered.values(), key=lambda found: found.eur)
    return rates(place, replace(known, eur=Decimal(NOT_ORDERABLE_PRICES.get(kind, known.eur))))


def rates(place: str, known: Rate) -> Document:
    """
    What a type costs in a location, as the API tells it.
    """
    return {
        "location": place,
        "price_hourly": price((known.eur / HOURS_PER_MONTH).quantize(Decimal("0.0001"))),
        "price_monthly": price(known.eur),
        "included_traffic": int(known.traffic_tb * TERABYTE),
        "price_per_tb_traffic": price(known.eur_per_tb),
    }


def server_type(offer: Offer) -> Document:
    """
    A server type as the API shows it.
    """
    places = []
    for name in offer.locations:
        gone = offer.deprecation(name)
        entry = location(name)
        places.append(
            {"id": entry["id"], "name": name, "recommended": gone is None, "available": gone is None, "deprecation": gone}
        )
    everywhere = all(place["deprecation"] for place in places)
    return {
        "id": offer.id,
        "name": offer.name,
        "description": offer.name.upper(),
        "category": offer.category,
        "cores": offer.hardware.cores,
        "memory": float(offer.hardware.memory_gb),
        "disk": offer.hardware.disk_gb,
        "prices": prices(offer),
        "storage_type": "local",
        "cpu_type": "dedicated" if offer.category == GENERAL else "shared",
        "architecture": offer.hardware.architecture,
        "included_traffic": 0,
        "deprecated": everywhere,
        "deprecation": places[0]["deprecation"] if everywhere else None,
        "locations": places,
    }


SERVER_TYPES: list[Document] = [server_type(offer) for offer in OFFERS]


def datacenters() -> list[Document]:
    """
    Data centers, which Hetzner still lists although locations took their place.
    """
    rows = []
    for id, name, place in DATACENTERS:
        ids = [entry["id"] for entry in SERVER_TYPES if place in {where["name"] for where in entry["locations"]}]
        entry = location(place)
        rows.append(
            {
                "id": id,
                "name": name,
                "description": f"{entry['city']} {name.partition('-')[2].upper().replace('DC', 'DC ')}",
                "location": entry,
                "server_types": {"supported": ids, "available": ids, "available_for_migration": ids},
            }
        )
    return rows


def datacenter(place: str) -> Document:
    """
    The data center of a location, without its server types.
    """
    found = next(row for row in datacenters() if row["location"]["name"] == place)
    return {key: value for key, value in found.items() if key != "server_types"}


def pricing() -> dict[str, Any]:
    """
    The whole price list, but for load balancers.
    """
    known = current()
    ipv4 = [_address(name, known.primary_ipv4[name]) for name in EVERYWHERE]
    ipv6 = [_address(name, Decimal(0)) for name in EVERYWHERE]
    floating = {
        kind: [{"location": name, "price_monthly": price(prices[name])} for name in EVERYWHERE]
        for kind, prices in (("ipv4", known.floating_ipv4), ("ipv6", known.floating_ipv6))
    }
    return {
        "currency": "EUR",
        "vat_rate": f"{VAT_PERCENT}",
        "image": {"price_per_gb_month": price(IMAGE_PRICE)},
        "volume": {"price_per_gb_month": price(known.volume_gb)},
        "server_backup": {"percentage": f"{known.server_backup_percent:.2f}"},
        "traffic": {"price_per_tb": price("0")},
        "primary_ips": [{"type": "ipv4", "prices": ipv4}, {"type": "ipv6", "prices": ipv6}],
        "floating_ip": {"price_monthly": floating["ipv4"][0]["price_monthly"]},
        "floating_ips": [{"type": kind, "prices": rows} for kind, rows in floating.items()],
        "server_types": [{"id": offer.id, "name": offer.name, "prices": prices(offer)} for offer in OFFERS],
    }


def _address(place: str, monthly: Decimal) -> Document:
    hourly = (monthly / HOURS_PER_MONTH).quantize(Decimal("0.0001"))
    return {"location": place, "price_hourly": price(hourly), "price_monthly": price(monthly)}
