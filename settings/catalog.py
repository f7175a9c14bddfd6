"""
What Hetzner Cloud offers, as far as settings are checked against it.

Source: hetzner.com/cloud and docs.hetzner.com/cloud/servers/overview.
"""

from __future__ import annotations

from typing import NamedTuple


class ServerType(NamedTuple):
    """
    The hardware of one server type.
    """

    cores: int
    memory_gb: int
    disk_gb: int
    architecture: str = "x86"


SERVER_TYPES = {
    "cx23": ServerType(2, 4, 40),
    "cx33": ServerType(4, 8, 80),
    "cx43": ServerType(8, 16, 160),
    "cx53": ServerType(16, 32, 320),
    "cpx11": ServerType(2, 2, 40),
    "cpx21": ServerType(3, 4, 80),
    "cpx31": ServerType(4, 8, 160),
    "cpx41": ServerType(8, 16, 240),
    "cpx51": ServerType(16, 32, 360),
    "cpx12": ServerType(1, 2, 40),
    "cpx22": ServerType(2, 4, 80),
    "cpx32": ServerType(4, 8, 160),
    "cpx42": ServerType(8, 16, 320),
    "cpx52": ServerType(12, 24, 480),
    "cpx62": ServerType(16, 32, 640),
    "cax11": ServerType(2, 4, 40, "arm"),
    "cax21": ServerType(4, 8, 80, "arm"),
    "cax31": ServerType(8, 16, 160, "arm"),
    "cax41": ServerType(16, 32, 320, "arm"),
    "ccx13": ServerType(2, 8, 80),
    "ccx23": ServerType(4, 16, 160),
    "ccx33": ServerType(8, 32, 240),
    "ccx43": ServerType(16, 64, 360),
    "ccx53": ServerType(32, 128, 600),
    "ccx63": ServerType(48, 192, 960),
}

# What stands in front of several servers, the smallest: 5 services, 25 targets, 10,000 connections.
# Source: docs.hetzner.com, "Load Balancers", read 2026-11-21.
LOAD_BALANCER_TYPE = "lb11"

# Where types can be ordered, by family or name; all others everywhere. The older cpx are gone from Europe since 2026, and the
# newer ones are not in America.
EUROPE = frozenset({"fsn1", "nbg1", "hel1"})
AMERICA = frozenset({"ash", "hil"})
ASIA = frozenset({"sin"})
SOLD_IN = {
    "cx": EUROPE,
    "cax": EUROPE,
    **dict.fromkeys(("cpx11", "cpx21", "cpx31", "cpx41", "cpx51"), AMERICA | ASIA),
    **dict.fromkeys(("cpx12", "cpx22", "cpx32", "cpx42", "cpx52", "cpx62"), EUROPE | ASIA),
}


def is_sold(server_type: str, location: str) -> bool:
    """
    Whether a server of this type can be ordered in this location.
    """
    family = SOLD_IN.get(server_type) or SOLD_IN.get(server_type.rstrip("0123456789"))
    return family is None or location in family


# {location: network zone}
LOCATIONS = {
    "fsn1": "eu-central",
    "nbg1": "eu-central",
    "hel1": "eu-central",
    "ash": "us-east",
    "hil": "us-west",
    "sin": "ap-southeast",
}
