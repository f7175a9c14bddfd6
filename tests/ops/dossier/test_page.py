"""
Pages by construction: whatever is put into them stays text.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from ops.dossier import page as make
from ops.dossier.page import Markdown, Page, plain
from ops.dossier.words import Words
from tests.dossier_facts import HOSTILE, parsed, shape, words


def _seen(value: str) -> str:
    """What a reader is to see: one line, without white space around it."""
    return re.sub(r" +", " ", plain(value)).strip()


def _inline(markdown: str) -> str:
    """The words of all lines."""
    return "\n".join(words(token) for token in parsed(markdown) if token.type == "inline")


@given(HOSTILE)
def test_text_in_a_paragraph_is_seen_as_it_is(value: str) -> None:
    """One paragraph of text, with nothing in it but the words."""
    found = make.paragraph("a ", value, " b")
    assert shape(found) == shape("a x b")
    assert re.sub(r" +", " ", _inline(found)) == re.sub(r" +", " ", f"a {plain(value)} b")


@given(HOSTILE)
def test_text_alone_begins_no_other_block(value: str) -> None:
    """At the beginning of a line, too, it is a paragraph, a list's entry, a heading."""
    if not _seen(value):
        return
    for block, like in (
        (make.paragraph(value), "x"),
        (make.bullets([value]), "- x"),
        (make.heading(value), "## x"),
        (Page("a.md", value, "").content, "# x"),
    ):
        assert shape(block) == shape(like)
        assert _inline(block) == _seen(value)


@given(HOSTILE, HOSTILE)
def test_a_table_keeps_its_cells(first: str, second: str) -> None:
    """Text and code in cells are seen as they are, and no cell is added or lost."""
    found = make.table(["a", first], [[second, make.code(first)], [make.text(first), "c"]])
    code = "`x`" if _seen(first) else ""
    assert [row for row in shape(found) if "code_inline" not in row] == [
        row for row in shape(f"| a | x |\n| --- | --- |\n| x | {code} |\n| x | c |\n") if "code_inline" not in row
    ]
    cells = [words(token) for token in parsed(found) if token.type == "inline"]
    assert cells == ["a", _seen(first), _seen(second), _seen(first), _seen(first), "c"]


@given(HOSTILE)
def test_code_is_seen_as_it_is(value: str) -> None:
    """One piece of code, whatever backticks are in it; nothing where there is nothing."""
    found = make.code(value)
    if not _seen(value):
        assert found == ""
        return
    assert shape(f"a {found} b") == shape("a `x` b")
    [inner] = [inner for inner in parsed(f"a {found} b")[1].children or [] if inner.type == "code_inline"]
    assert inner.content == _seen(value)


@given(HOSTILE, HOSTILE)
def test_a_link_leads_where_it_is_to(label: str, target: str) -> None:
    """Its label is text; it leads to files and to sites, and runs nothing."""
    [token] = [token for token in parsed(f"a {make.link(label, target)} b") if token.type == "inline"]
    opened = [inner for inner in token.children or [] if inner.type == "link_open"]
    others = {inner.type for inner in token.children or []} - {"text", "link_open", "link_close"}
    assert others == set() and len(opened) <= 1
    for inner in opened:
        href = str(inner.attrs["href"])
        scheme = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", href)
        assert scheme is None or scheme[0].lower() in ("https:", "http:", "mailto:")
    assert _seen(words(token)) == _seen(f"a {plain(label)} b")


@pytest.mark.parametrize(
    "target", ["javascript:alert(1)", "data:text/html,x", "//evil.example/x", "JAVASCRIPT:x", "", "vbscript:x"]
)
def test_what_leads_elsewhere_is_no_link(target: str) -> None:
    """What would run something, or leave without saying so, is its label alone."""
    assert make.link("here", target) == "here"


@given(HOSTILE, HOSTILE)
def test_pictures_blocks_and_details_stay_what_they_are(value: str, other: str) -> None:
    """A picture's words, lines of code and a summary end nothing."""
    assert [row.split()[0] for row in shape(f"a {make.image(value, 'x.svg')} b")] == [
        row.split()[0] for row in shape("a ![x](x.svg) b")
    ]
    assert [token.type for token in parsed(make.block(value, "sh"))] == ["fence"]
    found = [token.type for token in parsed(make.details(value, make.paragraph(other or "x", ".")))]
    assert found == ["html_block", "paragraph_open", "inline", "paragraph_close", "html_block"]


@given(HOSTILE)
def test_a_sentence_takes_values_as_text(value: str) -> None:
    """What is filled in is not read as a part of the sentence, braces neither."""
    sentence = Words(en="see `{{}}` and {value}.", fr="voir {value}.")
    assert re.sub(r" +", " ", _inline(make.say(sentence, "fr", value=value))) == re.sub(r" +", " ", f"voir {plain(value)}.")


@given(HOSTILE)
def test_prose_is_text_and_code(value: str) -> None:
    """Errors name commands between backticks; everything else in them is text."""
    kinds = {inner.type for token in parsed(f"a {make.prose(value)} b") for inner in token.children or []}
    assert kinds <= {"text", "code_inline"}


def test_the_source_of_a_fact_is_named() -> None:
    """By kind and name, in the reader's language."""
    origins = (make.setting("environment.network"), make.output("servers"), make.report("data"))
    assert make.source("en", *origins) == "Source: setting `environment.network`, stack output `servers`, report `data`.\n"
    assert make.source("fr", *origins).startswith("Source : réglage `environment.network`, sortie de la pile")


def test_a_row_has_a_cell_for_each_header() -> None:
    """Anything else is a mistake in a page."""
    with pytest.raises(ValueError, match="1 cells under 2 headers"):
        make.table(["a", "b"], [["x"]])


def test_what_is_markdown_already_is_left_alone() -> None:
    """Otherwise it would be escaped twice."""
    assert make.text(Markdown("**x**")) == "**x**"
    assert make.joined([make.code("a"), "*"]) == "`a`, \\*"
