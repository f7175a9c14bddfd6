"""
`flotilla env diff`: two environments as a table, a document and a picture.
"""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ops import checkout as checkouts
from ops import cli
from tests.conftest import ROOT, Checkout

PAIRS = [("staging", "production"), ("local", "staging")]


def _run(monkeypatch: pytest.MonkeyPatch, root: Path, *words: str) -> int:
    monkeypatch.setattr(checkouts, "CODE", root)
    monkeypatch.chdir(root)
    monkeypatch.setattr("sys.argv", ["flotilla", "env", "diff", *words])
    try:
        cli.main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_any_two_environments_are_a_picture(monkeypatch, capsys, tmp_path: Path, first, second) -> None:
    """An SVG file with a column for each, named in the document beside the differences."""
    target = tmp_path / "both.svg"
    assert _run(monkeypatch, ROOT, first, second, "--plot", str(target), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found.pop("picture") == str(target)
    assert _run(monkeypatch, ROOT, first, second, "--json") == 0
    assert json.loads(capsys.readouterr().out) == found
    shown = [text.strip() for text in ElementTree.fromstring(target.read_text()).itertext()]  # noqa: S314 - our own file
    assert {first, second} <= set(shown)
    assert any(text.startswith("≠") for text in shown)


def test_the_picture_is_named_after_what_is_said_as_ever(checkout: Checkout, monkeypatch, capsys, tmp_path: Path) -> None:
    """For people the comparison comes as ever, then where the picture is."""
    target = tmp_path / "both.svg"
    assert _run(monkeypatch, checkout.root, "staging", "production", "--plot", str(target)) == 0
    said = capsys.readouterr().out
    assert _run(monkeypatch, checkout.root, "staging", "production") == 0
    plain = capsys.readouterr().out
    assert plain.strip() and said.startswith(plain)
    assert "".join(said.removeprefix(plain).split()) == f"Thepictureisin{target}."


def test_mermaid_is_printed_alone(checkout: Checkout, monkeypatch, capsys) -> None:
    """A flowchart and nothing else, and not within JSON."""
    assert _run(monkeypatch, checkout.root, "staging", "production", "--mermaid") == 0
    said = capsys.readouterr().out
    assert said.startswith("flowchart") and "The picture" not in said
    assert _run(monkeypatch, checkout.root, "staging", "production", "--mermaid", "--json") == 2


def test_a_picture_that_cannot_be_written(checkout: Checkout, monkeypatch, capsys, tmp_path: Path) -> None:
    """One sentence that names the file, and no table that looks like success."""
    assert _run(monkeypatch, checkout.root, "staging", "production", "--plot", str(tmp_path / "none" / "both.svg")) == 1
    said = capsys.readouterr()
    assert said.out == "" and "not writable" in said.err and "Traceback" not in said.err
