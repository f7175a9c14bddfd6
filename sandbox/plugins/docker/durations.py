"""
Durations as Go writes them (`1m30s`, `500ms`), which is how the docker plugin takes them, and nanoseconds, which Docker takes.
"""

from __future__ import annotations

import re
from typing import Final

UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
NS_PER_S: Final = UNITS["s"]
_PART: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def to_ns(text: str) -> int:
    """
    `1m30s` as nanoseconds. Raises ValueError for what is no duration, or a negative one.
    """
    if text == "0":
        return 0
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration such as 500ms, 30s or 1m30s")
    return round(sum(float(number) * UNITS[unit] for number, unit in parts))


def to_text(ns: int) -> str:
    """
    The shortest way to write it.
    """
    if ns == 0:
        return "0s"
    out, rest = "", ns
    for unit in ("h", "m", "s", "ms", "us", "ns"):
        count, rest = divmod(rest, UNITS[unit])
        if count:
            out += f"{count}{unit}"
    return out


def to_s(text: str) -> float:
    """
    A duration in seconds.
    """
    return to_ns(text) / NS_PER_S
