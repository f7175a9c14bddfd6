"""
Filters, order and pages of a list, the same for every kind of resource.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from starlette.datastructures import QueryParams

from sandbox.cloud.hetzner import labels
from sandbox.cloud.hetzner.errors import invalid_input
from sandbox.cloud.store import Document

DEFAULT_PER_PAGE, MAX_PER_PAGE = 25, 50
Read = Callable[[Document], Any]


def page_of(query: QueryParams, documents: Sequence[Document], filters: Mapping[str, Read]) -> tuple[list[Document], Document]:
    """
    The documents of the page asked for, and the `meta` that goes with it. `filters` maps a query parameter to what it is
    compared with; a parameter given more than once accepts any of its values.

    Raises: HetznerError (invalid_input).
    """
    chosen = list(_filtered(query, documents, filters))
    for order in reversed(query.getlist("sort")):
        field, _, direction = order.partition(":")
        chosen.sort(key=lambda document: _sortable(document.get(field)), reverse=direction == "desc")
    page = _number(query, "page", 1, None)
    per_page = _number(query, "per_page", DEFAULT_PER_PAGE, MAX_PER_PAGE)
    first = (page - 1) * per_page
    last_page = max(1, -(-len(chosen) // per_page))
    pagination = {
        "page": page,
        "per_page": per_page,
        "previous_page": page - 1 if page > 1 else None,
        "next_page": page + 1 if page < last_page else None,
        "last_page": last_page,
        "total_entries": len(chosen),
    }
    return chosen[first : first + per_page], {"pagination": pagination}


def _filtered(query: QueryParams, documents: Iterable[Document], filters: Mapping[str, Read]) -> Iterable[Document]:
    selector = query.get("label_selector")
    if selector:
        labels.matches(selector, {})  # a wrong one is refused also where there is nothing to select from
    wanted = {name: set(query.getlist(name)) for name in filters if name in query}
    for document in documents:
        fits = all(_text(filters[name](document)) in values for name, values in wanted.items())
        if fits and (not selector or labels.matches(selector, document.get("labels", {}))):
            yield document


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _sortable(value: Any) -> tuple[bool, float, str]:
    is_number = isinstance(value, int | float)
    return (value is not None, float(value) if is_number else 0.0, "" if is_number else str(value))


def _number(query: QueryParams, name: str, default: int, most: int | None) -> int:
    text = query.get(name, str(default))
    if not text.isdigit() or int(text) < 1:
        raise invalid_input(name, "must be a number of at least 1")
    return int(text) if most is None else min(int(text), most)
