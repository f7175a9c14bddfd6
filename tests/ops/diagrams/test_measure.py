"""
How wide text is, and where lines are broken.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.diagrams.measure import width, wrapped

TEXTS = st.text(st.characters(codec="utf-8"), max_size=80)


@pytest.mark.parametrize(
    ("text", "thousandths"), [("", 0), (" ", 318), ("~", 838), ("iI", 573), ("é", 850), ("日本", 2000), ("e\u0301", 615)]
)
def test_widths_are_those_of_a_wide_font(text: str, thousandths: int) -> None:
    """DejaVu Sans' own for ASCII; marks that stand on other letters take no room."""
    assert width(text, 1000) == thousandths


def test_bold_text_is_wider() -> None:
    """Names are bold."""
    assert width("app-1", 14, is_bold=True) > width("app-1", 14) > 0


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("one two", ["one two"]),
        ("one two three four", ["one two three", "four"]),
        ("api.ledger-books.example", ["api.ledger-", "books.", "example"]),
        ("m" * 15, ["mmmmmmm", "mmmmmmm", "m"]),
    ],
)
def test_lines_are_broken_where_people_would(text: str, lines: list[str]) -> None:
    """At blanks, then after marks, then anywhere."""
    assert list(wrapped(text, 100, 14)) == lines


@given(TEXTS)
def test_lines_fit_and_nothing_is_lost(text: str) -> None:
    """But blanks."""
    lines = list(wrapped(text, 120, 14))
    assert "".join(lines).replace(" ", "") == "".join(text.split()).replace(" ", "")
    assert all(width(line, 14) <= 120 for line in lines)
