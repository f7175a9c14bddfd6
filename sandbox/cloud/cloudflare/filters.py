"""
Filters, order and pages of a list of DNS records.

Source: the query parameters of `RecordListParams` in the official client, and the API's page on listing records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.cloud.cloudflare.envelope import ApiError
from sandbox.cloud.store import Document

Test = Callable[[Document], bool]

TEXT_FIELDS = ("name", "content", "comment")
ORDERS = ("type", "name", "content", "ttl", "proxied")
COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "exact": lambda value, wanted: value == wanted,
    "contains": str.__contains__,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


def select_records(records: Sequence[Document], filters: Mapping[str, str]) -> list[Document]:
    """
    The records that the filters name, in the order they ask for. Text is compared without regard to case.
    """
    tag_tests = [_tag_test(field, wanted) for field, wanted in filters.items() if field == "tag" or field.startswith("tag.")]
    tests = [test for field, wanted in filters.items() if (test := _field_test(field, wanted)) is not None]
    if tag_tests:
        tests.append(_combined(tag_tests, filters.get("tag_match", "all")))
    if tests:
        is_wanted = _combined(tests, filters.get("match", "all"))
        records = [record for record in records if is_wanted(record)]
    order = filters.get("order", "type")
    if order not in ORDERS:
        raise ApiError(400, (1004, f"DNS Validation Error: order must be one of {', '.join(ORDERS)}."))
    return sorted(records, key=lambda record: record[order], reverse=filters.get("direction") == "desc")


def page_number(filters: Mapping[str, str], field: str, default: int, largest: int) -> int:
    """
    `page` or `per_page`; what is above the largest is cut down to it. Clients send 2 as 2.0 too.

    Raises: ApiError where it is no number from 1 up.
    """
    try:
        number = float(filters.get(field, default))
        if number < 1 or number != number // 1:
            raise ValueError
        return int(min(number, largest))
    except ValueError:
        raise ApiError(400, (1004, f"DNS Validation Error: {field} must be a whole number from 1 up.")) from None


def _combined(tests: Sequence[Test], match: str) -> Test:
    combine = any if match == "any" else all
    return lambda record: combine(test(record) for test in tests)


def _field_test(field: str, wanted: str) -> Test | None:
    name, _, comparison = field.partition(".")
    if name in TEXT_FIELDS:
        return _text_test(name, comparison or "exact", wanted)
    if field == "type":
        return lambda record: bool(record["type"] == wanted.upper())
    if field == "proxied":
        return lambda record: record["proxied"] == (wanted.lower() == "true")
    if field == "search":
        return lambda record: any(wanted.lower() in _text(record[each]) for each in TEXT_FIELDS)
    return None


def _text_test(field: str, comparison: str, wanted: str) -> Test | None:
    if comparison == "present":
        return lambda record: bool(record[field])
    if comparison == "absent":
        return lambda record: not record[field]
    compare = COMPARISONS.get(comparison)
    if compare is None:
        return None
    return lambda record: compare(_text(record[field]), wanted.lower())


def _tag_test(field: str, wanted: str) -> Test:
    comparison = field.partition(".")[2] or "exact"
    name, _, value = wanted.lower().partition(":")
    if comparison in ("present", "absent"):
        return lambda record: (name in _tags(record)) == (comparison == "present")
    compare = COMPARISONS.get(comparison, COMPARISONS["exact"])
    return lambda record: name in _tags(record) and compare(_tags(record)[name], value)


def _tags(record: Document) -> dict[str, str]:
    pairs = (tag.lower().partition(":") for tag in record["tags"])
    return {name: value for name, _, value in pairs}


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower()
