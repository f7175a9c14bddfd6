"""
Segments of the write-ahead log: their names, which say where they stand.

24 hex digits: timeline, then the position in units of 4 GiB, then in units of a segment of 16 MiB.
Source: PostgreSQL 15, src/include/access/xlog_internal.h, `XLogFileName`; read 2026-11-26.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

SIZE = 16 * 1024 * 1024
PER_FILE = 0x1_0000_0000 // SIZE
NAME = re.compile(r"[0-9A-F]{24}")
HISTORY = re.compile(r"[0-9A-F]{8}\.history")


def number(name: str) -> int:
    """
    Which one it is, counted from the beginning of the cluster.
    """
    return int(name[8:16], 16) * PER_FILE + int(name[16:24], 16)


def named(timeline: str, position: int) -> str:
    """
    The name of a segment by its number.
    """
    return f"{timeline}{position // PER_FILE:08X}{position % PER_FILE:08X}"


def between(first: str, last: str) -> Iterator[str]:
    """
    Every segment from one to another of the same timeline, both included.
    """
    for position in range(number(first), number(last) + 1):
        yield named(first[:8], position)


def number_up_to(position: str) -> int:
    """
    The number of the segment that has the last byte before a position in the log (`0/3000148`).
    """
    return (offset(position) - 1) // SIZE


def offset(position: str) -> int:
    """
    A position in the log (`0/3000148`) as a number of bytes.
    """
    high, _, low = position.partition("/")
    return int(high, 16) << 32 | int(low, 16)
