"""
The dossier as one file: everything in it, nothing fetched, no word becomes an element.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from hypothesis import given, settings

from ops.dossier import page as make
from ops.dossier.html import anchor, render
from ops.dossier.page import Page, body
from tests.dossier_facts import HOSTILE

PICTURE = Page("diagrams/all.svg", "all", '<svg xmlns="http://www.w3.org/2000/svg"><text>é</text></svg>')


class _Elements(HTMLParser):
    """Every element with its attributes, and every end."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(f"{tag} {' '.join(sorted(name for name, _ in attrs))}")
        if tag not in ("meta", "img", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _elements(html: str) -> list[str]:
    reader = _Elements()
    reader.feed(html)
    assert reader.open == []
    return reader.found


def _pages(word: str) -> tuple[Page, ...]:
    content = body(
        make.paragraph("see ", make.strong(f"a{word}"), " ", make.code(f"a{word}"), " ", word),
        make.heading(f"a{word}"),
        make.bullets([make.link(f"a{word}", "projects/b.md"), make.link("site", "https://example.com"), f"a{word}"]),
        make.table([f"a{word}", "b"], [[word, make.code(f"a{word}")]]),
        make.block(f"a\n{word}", "sh"),
        make.details(f"a{word}", make.paragraph(f"a{word}")),
        make.image(f"a{word}", "diagrams/all.svg"),
    )
    return (
        Page("index.md", f"a{word}", content),
        Page("projects/b.md", "b", make.paragraph(make.link("up", "../index.md"))),
        PICTURE,
    )


@settings(max_examples=50, deadline=None)
@given(HOSTILE)
def test_no_word_becomes_an_element(word: str) -> None:
    """Whatever stands in headings, cells, code, links, summaries and pictures."""
    assert _elements(render(_pages(word), "en")) == _elements(render(_pages("x"), "en"))


def test_links_lead_within_the_file() -> None:
    """To other pages by their place in it; to other files of the checkout they are words."""
    pages = (
        Page("index.md", "Index", make.paragraph(make.link("b", "projects/b.md"), make.link("adr", "../../adr/1.md"))),
        Page("projects/b.md", "B", make.paragraph(make.link("up", "../index.md#x"))),
    )
    html = render(pages, "fr")
    assert f'<section id="{anchor("projects/b.md")}"' in html
    assert '<a href="#projects-b">b</a>adr' in html and '<a href="#index">up</a>' in html
    assert html.startswith('<!doctype html>\n<html lang="fr">')


def test_pictures_are_in_it_and_nothing_is_fetched() -> None:
    """A picture is data; what is not in the dossier is its words; the file may load nothing."""
    html = render(
        (
            Page("index.md", "Index", make.paragraph(make.image("all of it", "diagrams/all.svg"), make.image("no", "n.svg"))),
            PICTURE,
        ),
        "en",
    )
    assert re.search(
        r'<img alt="all of it" src="data:image/svg\+xml;base64,[A-Za-z0-9+/=]+">|<img src="data:[^"]+" alt="all of it">', html
    )
    assert "default-src &#x27;none&#x27;" in html
    assert re.findall(r'(?:src|href)="(?!#|data:)', html) == []
    assert "<script" not in html
