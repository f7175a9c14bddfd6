"""
What Hetzner Cloud offers: locations, server types with their prices, images.

Prices are net, per month in EUR, in the European locations, without the primary IPv4. Sources: Hetzner's price list of 2026-04
(checked against `GET /v1/pricing` as quoted in public on 2026-05-27: cx33 6.49 / 0.0104 per hour, volumes 0.0572 per GB) and,
for types that can no longer be ordered, the list of 2025-09. They serve to rehearse cost reports, not as an invoice.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sandbox.cloud.store import Document

VAT_PERCENT = Decimal("19.00")
HOURS_PER_MONTH = 624  # Hetzner's hourly price reaches the monthly one after 26 days
TRAFFIC_BYTES = {"eu-central": 20 * 1024**4, "us-east": 1024**4, "us-west": 1024**4, "ap-southeast": 512 * 1024**3}
TRAFFIC_PRICE = {"eu-central": "1.00", "us-east": "1.00", "us-west": "1.00", "ap-southeast": "7.40"}
VOLUME_PRICE = "0.0572"
IPV4_PRICE = "0.50"
IMAGE_PRICE = "0.0143"
BACKUP_PERCENT = "20.00"

EUROPE = ("fsn1", "nbg1", "hel1")
AMERICA = ("ash", "hil")
ASIA = ("sin",)
EVERYWHERE = EUROPE + AMERICA + ASIA

LOCATIONS: list[Document] = [
    {
        "id": id, "name": name, "description": f"{city} DC Park {number}" if number else city, "country": country, "city": city,
        "latitude": latitude, "longitude": longitude, "network_zone": zone,
    }
    for id, name, city, number, country, latitude, longitude, zone in (
        (1, "fsn1", "Falkenstein", 1, "DE", 50.47612, 12.370071, "eu-central"),
        (2, "nbg1", "Nuremberg", 1, "DE", 49.452102, 11.076665, "eu-central"),
        (3, "hel1", "Helsinki", 1, "FI", 60.169855, 24.938379, "eu-central"),
        (4, "ash", "Ashburn, VA", 0, "US", 39.045821, -77.487073, "us-east"),
        (5, "hil", "Hillsboro, OR", 0, "US", 45.54222, -122.951924, "us-west"),
        (6, "sin", "Singapore", 0, "SG", 1.283333, 103.833333, "ap-southeast"),
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
    cores: int
    memory_gb: int
    disk_gb: int
    monthly: str
    locations: tuple[str, ...] = EVERYWHERE
    retired: tuple[str, str] | None = None
    retired_in: tuple[str, ...] = ()

    def deprecation(self, location: str) -> Document | None:
        """
        As the API tells it for one location.
        """
        if self.retired is None or location not in self.retired_in:
            return None
        return {"announced": self.retired[0], "unavailable_after": self.retired[1]}


COST, REGULAR, GENERAL = "Cost-Optimized", "Regular Performance", "General Purpose"
GONE = ("2025-10-16T06:00:00Z", "2025-12-31T23:59:59Z")

OFFERS = [
    Offer(22, "cpx11", REGULAR, 2, 2, 40, "3.85", EUROPE + AMERICA + ASIA, GONE, EUROPE),
    Offer(23, "cpx21", REGULAR, 3, 4, 80, "7.05", EUROPE + AMERICA + ASIA, GONE, EUROPE),
    Offer(24, "cpx31", REGULAR, 4, 8, 160, "13.10", EUROPE + AMERICA + ASIA, GONE, EUROPE),
    Offer(25, "cpx41", REGULAR, 8, 16, 240, "24.70", EUROPE + AMERICA + ASIA, GONE, EUROPE),
    Offer(26, "cpx51", REGULAR, 16, 32, 360, "54.40", EUROPE + AMERICA + ASIA, GONE, EUROPE),
    Offer(45, "cax11", COST, 2, 4, 40, "4.49", EUROPE),
    Offer(93, "cax21", COST, 4, 8, 80, "7.99", EUROPE),
    Offer(94, "cax31", COST, 8, 16, 160, "15.99", EUROPE),
    Offer(95, "cax41", COST, 16, 32, 320, "31.49", EUROPE),
    Offer(96, "ccx13", GENERAL, 2, 8, 80, "15.99"),
    Offer(97, "ccx23", GENERAL, 4, 16, 160, "31.49"),
    Offer(98, "ccx33", GENERAL, 8, 32, 240, "62.49"),
    Offer(99, "ccx43", GENERAL, 16, 64, 360, "124.99"),
    Offer(100, "ccx53", GENERAL, 32, 128, 600, "249.99"),
    Offer(101, "ccx63", GENERAL, 48, 192, 960, "374.49"),
    Offer(104, "cx22", COST, 2, 4, 40, "3.29", EUROPE, GONE, EUROPE),
    Offer(105, "cx32", COST, 4, 8, 80, "5.49", EUROPE, GONE, EUROPE),
    Offer(106, "cx42", COST, 8, 16, 160, "14.49", EUROPE, GONE, EUROPE),
    Offer(107, "cx52", COST, 16, 32, 320, "28.99", EUROPE, GONE, EUROPE),
    Offer(109, "cpx22", REGULAR, 2, 4, 80, "7.99", EUROPE + ASIA),
    Offer(110, "cpx32", REGULAR, 4, 8, 160, "13.99", EUROPE + ASIA),
    Offer(111, "cpx42", REGULAR, 8, 16, 320, "25.49", EUROPE + ASIA),
    Offer(112, "cpx52", REGULAR, 12, 24, 480, "36.49", EUROPE + ASIA),
    Offer(113, "cpx62", REGULAR, 16, 32, 640, "50.49", EUROPE + ASIA),
    Offer(114, "cx23", COST, 2, 4, 40, "3.99", EUROPE),
    Offer(115, "cx33", COST, 4, 8, 80, "6.49", EUROPE),
    Offer(116, "cx43", COST, 8, 16, 160, "11.99", EUROPE),
    Offer(117, "cx53", COST, 16, 32, 320, "22.49", EUROPE),
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
    A server type's prices per location.
    """
    monthly = Decimal(offer.monthly)
    hourly = (monthly / HOURS_PER_MONTH).quantize(Decimal("0.0001"))
    rows = []
    for name in offer.locations:
        zone = location(name)["network_zone"]
        rows.append(
            {
                "location": name,
                "price_hourly": price(hourly),
                "price_monthly": price(monthly),
                "included_traffic": TRAFFIC_BYTES[zone],
                "price_per_tb_traffic": price(TRAFFIC_PRICE[zone]),
            }
        )
    return rows


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
        "cores": offer.cores,
        "memory": float(offer.memory_gb),
        "disk": offer.disk_gb,
        "prices": prices(offer),
        "storage_type": "local",
        "cpu_type": "dedicated" if offer.category == GENERAL else "shared",
        "architecture": "arm" if offer.name.startswith("cax") else "x86",
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
    The whole price list.
    """
    ipv4 = [{"location": name, "price_hourly": price("0.0008"), "price_monthly": price(IPV4_PRICE)} for name in EVERYWHERE]
    ipv6 = [{"location": name, "price_hourly": price("0"), "price_monthly": price("0")} for name in EVERYWHERE]
    floating = [{"location": name, "price_monthly": price("3.00")} for name in EVERYWHERE]
    return {
        "currency": "EUR",
        "vat_rate": f"{VAT_PERCENT}",
        "image": {"price_per_gb_month": price(IMAGE_PRICE)},
        "volume": {"price_per_gb_month": price(VOLUME_PRICE)},
        "server_backup": {"percentage": BACKUP_PERCENT},
        "traffic": {"price_per_tb": price("0")},
        "primary_ips": [{"type": "ipv4", "prices": ipv4}, {"type": "ipv6", "prices": ipv6}],
        "floating_ip": {"price_monthly": price("3.00")},
        "floating_ips": [{"type": "ipv4", "prices": floating}, {"type": "ipv6", "prices": ipv6}],
        "server_types": [{"id": offer.id, "name": offer.name, "prices": prices(offer)} for offer in OFFERS],
        "load_balancer_types": [],
    }
