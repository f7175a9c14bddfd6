"""
What tests ask of a French text that stands for an English one.
"""

from __future__ import annotations

import re

# Commands and settings, then files, addresses and numbers, which are not between backquotes everywhere.
LITERAL = re.compile(r"`[^`]*`|[\w./<>-]*[./<>][\w<>][\w./<>]*|\b[A-Z]+_[A-Z_]+\b|\b\d{2,}\b")


def spans(text: str) -> list[str]:
    """
    What is the same in every language, in any order.
    """
    return sorted(found.rstrip(".") for found in LITERAL.findall(text))


def untidy(text: str) -> list[str]:
    """
    Where typography is not that of the other French texts: a blank before a double sign, straight apostrophes, no blank twice.
    """
    words = re.sub("`[^`]*`", "x", text)
    return re.findall(r"\S[;:!?](?=\s|$)|  |\u2019|\s[,.]", words)
