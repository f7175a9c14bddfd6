"""
The site's pages. The addresses of the site and of its API differ by environment: until the server starts, names stand for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from journal.site import API_ORIGIN, SITE_ORIGIN

from generator.articles import Article
from generator.markup import to_html

TITLE = "The Quiet Fleet"


def index(articles: Sequence[Article], style: str) -> str:
    """
    The first page: all articles, newest first.
    """
    return _document(TITLE, f"<h1>{TITLE}</h1>\n<p>Notes on running few servers well.</p>\n{_list(articles)}", style)


def article(found: Article, style: str) -> str:
    """
    One article.
    """
    body = f"""<article>
<h1>{escape(found.title)}</h1>
<p class="soft"><time datetime="{found.day}">{found.day:%d %B %Y}</time></p>
{to_html(found.text)}
</article>"""
    return _document(f"{found.title} - {TITLE}", body, style, found.summary)


def notice(title: str, text: str, style: str) -> str:
    """
    A page with one thing to say.
    """
    return _document(title, f"<h1>{escape(title)}</h1>\n<p>{escape(text)}</p>", style)


def feed(articles: Sequence[Article]) -> str:
    """
    The Atom feed.
    """
    entries = "\n".join(
        f"<entry><title>{escape(found.title)}</title><id>{SITE_ORIGIN}{found.path}</id>"
        f'<link href="{SITE_ORIGIN}{found.path}"/><updated>{found.day}T00:00:00Z</updated>'
        f"<summary>{escape(found.summary)}</summary></entry>"
        for found in articles
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
<title>{TITLE}</title><id>{SITE_ORIGIN}/</id><link href="{SITE_ORIGIN}/"/><link rel="self" href="{SITE_ORIGIN}/feed.xml"/>
<author><name>{TITLE}</name></author><updated>{articles[0].day}T00:00:00Z</updated>
{entries}
</feed>
"""


def sitemap(articles: Sequence[Article]) -> str:
    """
    The map for search engines.
    """
    places = "\n".join(f"<url><loc>{SITE_ORIGIN}{path}</loc></url>" for path in ["/", *(found.path for found in articles)])
    return f"""<?xml version="1.0" encoding="utf-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
{places}
</urlset>
"""


def _list(articles: Sequence[Article]) -> str:
    items = "\n".join(
        f'<li><a href="{found.path}">{escape(found.title)}</a> <time class="soft" datetime="{found.day}">{found.day}</time>'
        f"<p>{escape(found.summary)}</p></li>"
        for found in articles
    )
    return f'<ol class="articles">\n{items}\n</ol>'


def _document(title: str, body: str, style: str, description: str = "") -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="{escape(description or "Notes on running few servers well.")}">
<title>{escape(title)}</title>
<link rel="stylesheet" href="{style}">
<link rel="alternate" type="application/atom+xml" title="{TITLE}" href="/feed.xml">
</head>
<body>
<header><a href="/">{TITLE}</a>
<form method="get" action="{API_ORIGIN}/v1/search" role="search">
<label for="q">Search</label> <input id="q" name="q" type="search" required maxlength="100"> <button type="submit">Find</button>
</form></header>
<main>
{body}
</main>
<footer>
<form method="post" action="{API_ORIGIN}/v1/subscriptions">
<label for="email">New articles by mail</label>
<input id="email" name="email" type="email" required maxlength="254" autocomplete="email">
<button type="submit">Subscribe</button>
</form>
</footer>
</body>
</html>
"""
