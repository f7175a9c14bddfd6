"""
What commands print: text for people, or one JSON document for programs. The only module that knows rich.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

GAP = 3  # columns between two cells

_is_colored = True
_canvas: Any = None


def set_color(*, is_colored: bool) -> None:
    """
    Whether text may have colour; NO_COLOR and a missing terminal switch it off in any case.
    """
    global _is_colored
    _is_colored = is_colored


def document(value: Any) -> None:
    """
    Print a value as one JSON document: dataclasses as objects, paths as text.
    """
    sys.stdout.write(json.dumps(value, default=_plain, indent=2) + "\n")


def visible(text: str) -> str:
    """
    A text without what a terminal would obey: escapes, and letters that turn the direction of others, as their codes. Lines and
    tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter in "\n\t" else repr(letter)[1:-1] for letter in text)


def line(text: str = "", style: str = "") -> None:
    """
    Print a line as it is; nothing in it is taken for markup, nothing is wrapped, and a terminal obeys nothing in it.
    """
    _console().print(visible(text), style=style or None, markup=False, highlight=False, soft_wrap=True)


def raw(text: str) -> None:
    """
    Pass on a piece of a log, unchanged and at once.
    """
    sys.stdout.write(text)
    sys.stdout.flush()


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], styles: Mapping[str, str] | None = None) -> None:
    """
    Print rows in aligned columns. A cell whose text is a key of `styles` gets that style.
    """
    from rich.text import Text

    styles = styles or {}
    lines = [[visible(cell) for cell in cells] for cells in (headings, *rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    for number, cells in enumerate(lines):
        text = Text(style="bold" if number == 0 else "")
        for cell, width in zip(cells, widths, strict=True):
            text.append(cell, style=styles.get(cell, "")).append(" " * (width - len(cell) + GAP))
        text.rstrip()
        _console().print(text, soft_wrap=True)


def watch(draw: Callable[[], None], every_s: float) -> None:
    """
    Draw again and again in the same place, until Ctrl-C. Without a terminal: once.
    """
    if not sys.stdout.isatty():
        draw()
        return
    from rich.live import Live

    with suppress(KeyboardInterrupt), Live(console=_console(), screen=True, auto_refresh=False) as live:
        while True:
            live.update(_drawn(draw, live.console.width), refresh=True)
            time.sleep(every_s)


def _drawn(draw: Callable[[], None], width: int) -> Any:
    """
    What is printed meanwhile, as one text.
    """
    from rich.console import Console
    from rich.text import Text

    global _canvas
    _canvas = Console(file=StringIO(), force_terminal=True, width=width, no_color=not _is_colored, highlight=False, emoji=False)
    try:
        draw()
        return Text.from_ansi(_canvas.file.getvalue(), no_wrap=True)
    finally:
        _canvas = None


def _console() -> Any:
    from rich.console import Console

    if _canvas is not None:
        return _canvas
    return Console(file=sys.stdout, no_color=not _is_colored, highlight=False, emoji=False)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
