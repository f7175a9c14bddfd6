"""
What commands print.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops import console


@dataclass(frozen=True)
class _Row:
    name: str
    path: Path


def test_document_is_json_of_dataclasses_and_paths(capsys: pytest.CaptureFixture[str]) -> None:
    """Results are printed as they are, nested ones included."""
    console.document({"rows": [_Row("a", Path("/x"))], "count": 1})
    assert json.loads(capsys.readouterr().out) == {"rows": [{"name": "a", "path": "/x"}], "count": 1}


def test_value_without_a_json_form_is_refused() -> None:
    """A set or an object would print differently each time; it is a defect, not output."""
    with pytest.raises(TypeError, match="set has no JSON form"):
        console.document({"rows": {1, 2}})


def test_table_is_aligned_and_never_wrapped_or_padded(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns start under each other, long cells stay whole, and no line ends in blanks."""
    console.table(["name", "state"], [("a", "x" * 300), ("long name", "")])
    assert capsys.readouterr().out == f"name        state\na           {'x' * 300}\nlong name\n"


def test_a_terminal_obeys_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes, letters that turn the direction and halves of letters are shown as their codes; lines, tabs and scripts stay."""
    harm, shown = "a\x1b[2J\x07\r\u202e\ud800 \u65e5\t\n", "a\\x1b[2J\\x07\\r\\u202e\\ud800 \u65e5\t\n"
    assert console.visible(harm) == shown
    console.line("a\x1b[2J")
    console.table(["name", ""], [("\x9b2J", "x")])
    assert capsys.readouterr().out == "a\\x1b[2J\nname\n\\x9b2J   x\n"


@pytest.mark.parametrize(
    "text", ["[bold]not markup[/bold]", "x" * 500, "a: 1 'b' http://x {c}", "ends with blank ", "a:ledger:b"]
)
def test_line_is_printed_as_it_is(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """What comes from outside is never taken for markup, wrapped or coloured without a terminal."""
    console.line(text, "bold")
    assert capsys.readouterr().out == f"{text}\n"
