"""
How wide text is, on the safe side, without asking for a font: the same everywhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

# Advance widths of U+0020 to U+007E in thousandths of the font size. DejaVu Sans 2.37, read from the font 2026-11-26: with
# Verdana the widest of those that `system-ui` and `sans-serif` stand for.
_ASCII = (
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636,
    636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632,
    575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685,
    611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579,
    278, 974, 634, 612, 635, 635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
)  # fmt: skip
_WIDE, _OTHER = 1000, 850
# Bold letters of the same font are so much wider; single ones such as `I` up to 1.26.
BOLD = 1.2


def width(text: str, size: float, *, is_bold: bool = False) -> float:
    """
    How much room a line takes at a font size, in the unit of the size.
    """
    thousandths = sum(_of(character) for character in text)
    return thousandths * size * (BOLD if is_bold else 1) / 1000


def _of(character: str) -> int:
    place = ord(character) - 0x20
    if 0 <= place < len(_ASCII):
        return _ASCII[place]
    if unicodedata.combining(character):
        return 0
    return _WIDE if unicodedata.east_asian_width(character) in "WF" or ord(character) > 0xFFFF else _OTHER


def wrapped(text: str, room: float, size: float, *, is_bold: bool = False) -> Iterator[str]:
    """
    The text in lines that fit: broken at blanks, else after a mark such as `-` or `.`, else anywhere. Nothing but blanks
    is lost.
    """
    line = ""
    for word in text.split():
        for piece in _pieces(word, room, size, is_bold=is_bold):
            joined = f"{line} {piece.text}" if line and piece.is_first else line + piece.text
            if line and width(joined, size, is_bold=is_bold) > room:
                yield line
                joined = piece.text
            line = joined
    if line:
        yield line


class _Piece:
    """
    A part of a word that stays whole. `is_first`: a blank is before it.
    """

    __slots__ = ("is_first", "text")

    def __init__(self, text: str, *, is_first: bool) -> None:
        self.text, self.is_first = text, is_first


def _pieces(word: str, room: float, size: float, *, is_bold: bool) -> Iterator[_Piece]:
    if width(word, size, is_bold=is_bold) <= room:
        yield _Piece(word, is_first=True)
        return
    start = 0
    for end in range(1, len(word) + 1):
        is_last = end == len(word)
        too_long = not is_last and width(word[start : end + 1], size, is_bold=is_bold) > room
        if is_last or too_long or word[end - 1] in "-./_:@,":
            yield _Piece(word[start:end], is_first=start == 0)
            start = end
