"""
Amounts as people write them, and as whole cents.
"""

from __future__ import annotations

import re

MAXIMUM_CENTS = 10**13  # a hundred billion: far below what a 64-bit column holds, also when summed
_AMOUNT = re.compile(r"([0-9]{1,12})(?:[.,]([0-9]{1,2}))?", re.ASCII)


def parse_amount(text: str) -> int:
    """
    Cents of an amount such as `12`, `12.5` or `12,50`; nothing is 0.

    Raises: ValueError for anything else, a sign included.
    """
    text = text.strip()
    if not text:
        return 0
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:20]!r} is not an amount such as 12.50")
    return int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))


def format_amount(cents: int) -> str:
    """
    An amount with two decimals and thousands apart, such as -1 234.50.
    """
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}.{rest:02}".replace(",", " ")
