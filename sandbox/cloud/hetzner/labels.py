"""
Labels and label selectors, as Hetzner's documentation ("Label Selector") defines them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sandbox.cloud.hetzner.errors import HetznerError, invalid_input

WORD = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"  # at most 63 characters
LABEL_KEY = re.compile(rf"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{{0,251}}[A-Za-z0-9])?/)?{WORD}")
LABEL_VALUE = re.compile(rf"(?:{WORD})?")

KEY = r"[A-Za-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?"
VALUE = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|"
TERM = re.compile(
    rf"\s*(?:(?P<absent>!)\s*(?P<absent_key>{KEY})"
    rf"|(?P<set_key>{KEY})\s+(?P<set_operator>in|notin)\s*\((?P<values>[^()]*)\)"
    rf"|(?P<key>{KEY})\s*(?:(?P<operator>==|=|!=)\s*(?P<value>{VALUE}))?)\s*(?:,|$)"
)


def checked(labels: Mapping[str, str]) -> dict[str, str]:
    """
    Raises: HetznerError (invalid_input) for a label that Hetzner does not accept.
    """
    for key, value in labels.items():
        if not LABEL_KEY.fullmatch(key):
            raise invalid_input("labels", f"label key {key} is not correctly formatted")
        if not LABEL_VALUE.fullmatch(value):
            raise invalid_input("labels", f"label value {value} (key: {key}) is not correctly formatted")
    return dict(labels)


def matches(selector: str, labels: Mapping[str, str]) -> bool:
    """
    True when the labels fit every term of the selector.

    Raises: HetznerError (invalid_input) for a selector that cannot be understood.
    """
    return all(_fits(term, labels) for term in _terms(selector))


def _terms(selector: str) -> list[re.Match[str]]:
    terms, position = [], 0
    while position < len(selector):
        match = TERM.match(selector, position)
        if match is None:
            raise _unreadable(selector)
        terms.append(match)
        position = match.end()
    if not terms or selector.rstrip().endswith(","):
        raise _unreadable(selector)
    return terms


def _unreadable(selector: str) -> HetznerError:
    return invalid_input("label_selector", f"label selector '{selector}' cannot be understood")


def _fits(term: re.Match[str], labels: Mapping[str, str]) -> bool:
    if term["absent"]:
        return term["absent_key"] not in labels
    if term["set_key"]:
        within = labels.get(term["set_key"]) in {value.strip() for value in term["values"].split(",")}
        return within if term["set_operator"] == "in" else not within
    if term["operator"] is None:
        return term["key"] in labels
    equal = labels.get(term["key"]) == term["value"]
    return not equal if term["operator"] == "!=" else equal
