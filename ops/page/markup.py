"""
HTML by construction: what is not markup already is text, and is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

VOID = frozenset({"meta", "rect", "polyline", "circle", "line"})
# What a browser would take for the direction of the text, or for nothing at all.
_KEPT = (0x09, 0x0A)
_UNSEEN = dict.fromkeys(
    {*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)}.difference(_KEPT), "\ufffd"
)


class Markup(str):
    """
    Text that is HTML already.
    """


def text(value: object) -> Markup:
    """
    Anything as text that can do nothing.
    """
    return value if isinstance(value, Markup) else Markup(escape(str(value).translate(_UNSEEN)))


def element(name: str, /, *children: object, **attributes: object) -> Markup:
    """
    An element. A trailing underscore of an attribute's name is dropped, others become hyphens; one of None is left out.
    """
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"' for key, value in attributes.items() if value is not None
    )
    if name in VOID:
        return Markup(f"<{name}{words}/>" if name != "meta" else f"<{name}{words}>")
    return Markup(f"<{name}{words}>{''.join(text(child) for child in children)}</{name}>")


def joined(children: Iterable[Markup]) -> Markup:
    """
    Several, one after the other.
    """
    return Markup("".join(children))


def table(caption: str, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """
    A table whose first column names the row. Roles are written out, because on a phone each row becomes a block.
    """
    head = element("tr", *(element("th", name, scope="col", role="columnheader") for name in headings), role="row")
    body = [
        element(
            "tr",
            element("th", row[0], scope="row", role="rowheader"),
            *(
                element("td", element("span", cell), role="cell", data_label=name)
                for name, cell in zip(headings[1:], row[1:], strict=True)
            ),
            role="row",
        )
        for row in rows
    ]
    return element(
        "table",
        element("caption", caption),
        element("thead", head, role="rowgroup"),
        element("tbody", *body, role="rowgroup"),
        role="table",
    )
