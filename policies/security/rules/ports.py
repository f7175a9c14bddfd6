"""
Ports as Hetzner's firewall writes them: `80`, `8000-9000`, `any`.
"""

from __future__ import annotations

ALL = 65535


def bounds(ports: str) -> tuple[int, int]:
    """
    The first and the last port; (1, 0), which is none, for what is not understood.
    """
    if ports == "any":
        return 1, ALL
    first, dash, last = ports.partition("-")
    if first.isdecimal() and (last.isdecimal() if dash else not last):
        return int(first), int(last if dash else first)
    return 1, 0


def covers(ports: str, port: int) -> bool:
    """
    Whether the port is among them.
    """
    first, last = bounds(ports)
    return first <= port <= last


def width(ports: str) -> int:
    """
    How many they are.
    """
    first, last = bounds(ports)
    return max(0, last - first + 1)
