"""
Text of a TXT record as DNS carries it: a row of character strings of at most 255 bytes (RFC 1035, 3.3.14 and 5.1).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

STRING_LENGTH = 255
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\s*', re.DOTALL)
ESCAPE = re.compile(rb"\\([0-9]{3}|.)", re.DOTALL)


def character_strings(content: str) -> list[bytes] | None:
    """
    The strings that this content stands for, long ones split; None where a quotation mark is not closed.

    Content that does not begin with a quotation mark is one string, taken literally.
    """
    if not content.startswith('"'):
        return split(content.encode())
    parts: list[bytes] = []
    position = 0
    while position < len(content):
        quoted = QUOTED.match(content, position)
        if quoted is None:
            return None
        parts += split(ESCAPE.sub(_unescaped, quoted[1].encode()))
        position = quoted.end()
    return parts


def split(text: bytes) -> list[bytes]:
    """
    The text in pieces that each fit into one character string; at least one piece.
    """
    return [text[start : start + STRING_LENGTH] for start in range(0, max(len(text), 1), STRING_LENGTH)]


def wire_length(strings: Sequence[bytes]) -> int:
    """
    How many bytes the strings take in a DNS message.
    """
    return sum(len(string) + 1 for string in strings)


def _unescaped(match: re.Match[bytes]) -> bytes:
    escaped = match[1]
    if not escaped.isdigit() or len(escaped) != len(b"255"):
        return escaped
    return bytes([min(int(escaped), STRING_LENGTH)])
