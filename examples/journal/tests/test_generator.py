"""
From articles to a site. Run by the image's build: `python3 -m unittest discover -s tests`.
"""

from __future__ import annotations

import tempfile
import unittest
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from xml.dom import minidom

from generator.__main__ import documents, main, site
from generator.articles import Article, read_articles
from generator.markup import to_html, to_words
from journal.site import API_ORIGIN, SITE_ORIGIN

ARTICLES = Path(__file__).parents[1] / "articles"
HOSTILE = Article(slug="a", title="<b>&", day=date(2026, 11, 20), summary='"><i>', text="a <script> & `<x>` *<y>*")


class Links(HTMLParser):
    """
    Every address that a page links to.
    """

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One element."""
        del tag
        self.found += [value for name, value in attrs if name in {"href", "src", "action"} and value]


class MarkupTest(unittest.TestCase):
    """
    The small Markdown.
    """

    def test_marks_become_elements(self) -> None:
        """Every mark that authors may use."""
        for text, html in (
            ("one\ntwo\n\nthree", "<p>one two</p>\n<p>three</p>"),
            ("## A & B", "<h2>A &amp; B</h2>"),
            ("- one\n  more\n- two", "<ul>\n<li>one more</li>\n<li>two</li>\n</ul>"),
            ("> said\n> so", "<blockquote><p>said so</p></blockquote>"),
            ("text\n```\na <b>\n\nc\n```", "<p>text</p>\n<pre><code>a &lt;b&gt;\n\nc</code></pre>"),
            ("*a* **b** `c*d*`", "<p><em>a</em> <strong>b</strong> <code>c*d*</code></p>"),
            ("[x](/y/) [z](https://example.com)", '<p><a href="/y/">x</a> <a href="https://example.com">z</a></p>'),
        ):
            self.assertEqual(to_html(text), html)

    def test_other_links_are_refused(self) -> None:
        """A link runs no script, and goes to no other site unnoticed."""
        for target in ("javascript:alert(1)", "//example.com", "http://example.com", "data:x"):
            with self.assertRaises(ValueError):
                to_html(f"[x]({target})")

    def test_words_have_no_marks(self) -> None:
        """What is searched is what is read."""
        self.assertEqual(to_words("## A\n\n- *b* [c](/d/)\n\n```\ne\n```"), "A b c e")


class SiteTest(unittest.TestCase):
    """
    The whole site.
    """

    def test_every_link_leads_somewhere(self) -> None:
        """Pages link to pages and files that exist, to the API, or to https."""
        files = dict(site(read_articles(ARTICLES)))
        known = {f"/{name}".removesuffix("index.html") for name in files}
        for name, text in files.items():
            if not name.endswith(".html"):
                continue
            links = Links()
            links.feed(text)
            self.assertGreater(len(links.found), 3)
            for target in links.found:
                self.assertTrue(target in known or target.startswith(f"{API_ORIGIN}/v1/"), f"{name}: {target}")

    def test_feed_and_map_are_xml_with_every_article(self) -> None:
        """Programs can read them."""
        articles = read_articles(ARTICLES)
        files = dict(site([*articles, HOSTILE]))
        self.assertEqual(len(minidom.parseString(files["feed.xml"]).getElementsByTagName("entry")), len(articles) + 1)  # noqa: S318
        self.assertIn(f"{SITE_ORIGIN}/articles/a/", files["sitemap.xml"])

    def test_articles_cannot_bring_markup(self) -> None:
        """Whatever an author writes is text."""
        text = "".join(dict(site([HOSTILE])).values())
        for markup in ("<script", "<b>", "<i>", "<x>", "<y>"):
            self.assertNotIn(markup, text)
        self.assertEqual(documents([HOSTILE])[0]["text"], "a <script> & <x> <y>")

    def test_files_that_are_no_articles_are_named(self) -> None:
        """The build fails with the file's name."""
        good = "title: a\ndate: 2026-11-20\nsummary: b\n\ntext"
        wrong = [
            ("Big.md", good),
            ("a.md", "text"),
            ("a.md", good.replace("2026-11-20", "soon")),
            ("a.md", good.replace("b", "")),
        ]
        for name, text in [*wrong, ("a.md", good.replace("text", "[x](ftp://y)"))]:
            with self.subTest(text=text), tempfile.TemporaryDirectory() as folder:
                (Path(folder) / name).write_text(text)
                self.assertEqual(main([folder, f"{folder}/content"]), 1)
                self.assertFalse((Path(folder) / "content").exists())

    def test_the_same_articles_make_the_same_site(self) -> None:
        """Twice the same, byte for byte: the same image."""
        self.assertEqual(dict(site(read_articles(ARTICLES))), dict(site(read_articles(ARTICLES))))


if __name__ == "__main__":
    unittest.main()
