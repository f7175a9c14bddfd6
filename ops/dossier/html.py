"""
The whole dossier as one file that needs nothing else: no fonts, no script, nothing that is fetched. The only module that knows
markdown-it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ops.dossier.page import Page
from ops.dossier.words import Language, Words
from ops.page.markup import Markup, element, joined, table, text
from ops.page.style import CSS

CONTENTS = Words(en="Pages", fr="Pages")
OWN_CSS = """
h4 { font-size: 1rem; margin: 1.25rem 0 .25rem; } section h3 { margin: 1.5rem 0 .25rem; }
section { border-top: 1px solid var(--edge); }
img { max-width: 100%; background: #fff; } td, th { overflow-wrap: anywhere; } nav ul { columns: 14rem; padding-left: 1.2rem; }
a { color: var(--plot); } td { min-width: 4rem; } thead th, tbody th { min-width: 7rem; }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
DETAILS = re.compile(r"<details>\n<summary>[^<]*</summary>\n?|</details>\n?")
ELSEWHERE = ("https:", "http:", "mailto:")


def render(pages: Sequence[Page], language: Language) -> str:
    """
    The file: every page that is Markdown as a section; pictures are in it. Links to other pages lead within the file.
    """
    reader = _Reader(pages)
    readable = [page for page in pages if page.path.endswith(".md")]
    title = readable[0].title
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="robots", content="noindex"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("title", title),
        element("style", Markup(CSS + OWN_CSS)),
    )
    items = [element("li", element("a", page.title, href=f"#{anchor(page.path)}")) for page in readable]
    contents = element("nav", element("h2", CONTENTS.of(language)), element("ul", *items), aria_label=CONTENTS.of(language))
    sections = [element("section", *reader.section(page), id=anchor(page.path)) for page in readable]
    content = element("body", element("header", element("h1", title), contents), element("main", *sections))
    return f"<!doctype html>\n{element('html', head, content, lang=language)}\n"


def anchor(path: str) -> str:
    """
    Where a page is in the file.
    """
    return re.sub(r"[^A-Za-z0-9]+", "-", path.removesuffix(".md"))


class _Reader:
    """
    Markdown of these pages as HTML, by construction: only elements that are named here can come of it.
    """

    def __init__(self, pages: Sequence[Page]) -> None:
        self._files: Mapping[str, Page] = {page.path: page for page in pages}
        self._parser = MarkdownIt("commonmark", {"html": True}).enable("table")

    def section(self, page: Page) -> Iterator[Markup]:
        """
        A page, its headings one level lower.
        """
        yield element("h2", page.title)
        yield from self._blocks(self._parser.parse(page.body), page.path)

    def _blocks(self, tokens: Sequence[Token], path: str) -> Iterator[Markup]:
        number = 0
        while number < len(tokens):
            token = tokens[number]
            end = _end(tokens, number)
            inside = tokens[number + 1 : end]
            number = end + 1
            match token.type:
                case "heading_open":
                    level = min(int(token.tag[1]) + 1, 6)
                    yield element(f"h{level}", *self._inlines(inside, path))
                case "paragraph_open" if token.hidden:
                    yield from self._inlines(inside, path)
                case "paragraph_open":
                    yield element("p", *self._inlines(inside, path))
                case "bullet_list_open" | "ordered_list_open" | "list_item_open" | "blockquote_open":
                    yield element(token.tag, *self._blocks(inside, path))
                case "table_open":
                    yield self._table(inside, path)
                case "fence" | "code_block":
                    yield element("pre", element("code", token.content))
                case "hr":
                    yield Markup("<hr>")
                case "html_block" if DETAILS.fullmatch(token.content):
                    yield Markup(token.content)
                case _:
                    yield element("p", token.content)

    def _table(self, tokens: Sequence[Token], path: str) -> Markup:
        """
        As the report's page has them, so that each row becomes a block on a phone.
        """
        rows: list[list[Markup]] = []
        for number, token in enumerate(tokens):
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("th_open", "td_open"):
                rows[-1].append(joined(self._inlines(tokens[number + 1 : number + 2], path)))
        plain = [re.sub(r"<[^>]*>", "", heading) for heading in rows[0]]
        return table("", [Markup(heading) for heading in plain], rows[1:])

    def _inlines(self, tokens: Iterable[Token], path: str) -> Iterator[Markup]:
        for token in tokens:
            yield from self._spans(token.children or [], path)

    def _spans(self, tokens: Sequence[Token], path: str) -> Iterator[Markup]:
        number = 0
        while number < len(tokens):
            token = tokens[number]
            end = _end(tokens, number)
            inside = list(self._spans(tokens[number + 1 : end], path)) if end > number else []
            number = end + 1
            match token.type:
                case "code_inline":
                    yield element("code", token.content)
                case "strong_open" | "em_open":
                    yield element(token.tag, *inside)
                case "link_open":
                    yield self._link(str(token.attrs.get("href", "")), inside, path)
                case "image":
                    yield self._image(str(token.attrs.get("src", "")), token.content, path)
                case "softbreak" | "hardbreak":
                    yield Markup("\n")
                case _:
                    yield text(token.content)

    def _link(self, target: str, inside: Sequence[Markup], path: str) -> Markup:
        """
        To other sites as it is, to pages within the file; what leads to other files of the checkout is its words.
        """
        if target.startswith(ELSEWHERE):
            return element("a", *inside, href=target, rel="noreferrer")
        page = _resolved(path, target.partition("#")[0])
        return element("a", *inside, href=f"#{anchor(page)}") if page in self._files else joined(inside)

    def _image(self, target: str, alternative: str, path: str) -> Markup:
        page = self._files.get(_resolved(path, target))
        if page is None:
            return element("span", alternative)
        encoded = base64.b64encode(page.body.encode()).decode()
        words = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", alternative)
        attributes: dict[str, Any] = {"src": f"data:image/svg+xml;base64,{encoded}", "alt": words}
        return Markup(str(element("img", **attributes)).removesuffix("</img>"))


def _end(tokens: Sequence[Token], start: int) -> int:
    """
    Where what begins here ends: the same place for what has no end of its own.
    """
    depth = 0
    for number in range(start, len(tokens)):
        depth += tokens[number].nesting
        if depth == 0:
            return number
    return len(tokens) - 1


def _resolved(path: str, target: str) -> str:
    """
    The file of the dossier that a link in another one leads to.
    """
    parts: list[str] = []
    for part in (*PurePosixPath(path).parent.parts, *PurePosixPath(unquote(target)).parts):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
