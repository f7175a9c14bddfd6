"""
Make the site and the search's documents: `python3 -m generator <articles> <destination>`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from journal.site import SITE_ORIGIN

from generator import pages
from generator.articles import Article, read_articles
from generator.markup import to_words

STYLE = Path(__file__).with_name("style.css")


def main(arguments: list[str]) -> int:
    """
    Write `site/` and `articles.json` below the destination.
    """
    source, destination = (Path(argument) for argument in arguments)
    try:
        articles = read_articles(source)
        files = dict(site(articles))
    except ValueError as error:
        sys.stderr.write(f"generator: {error}. The site was not made.\n")
        return 1
    for name, text in files.items():
        path = destination / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (destination / "articles.json").write_text(json.dumps(documents(articles), indent=1), encoding="utf-8")
    return 0


def site(articles: list[Article]) -> Iterator[tuple[str, str]]:
    """
    Every file of the site as (name, text). The style's name has its digest in it, so that it may be cached for ever.
    """
    style = STYLE.read_text(encoding="utf-8")
    style_name = f"assets/style.{hashlib.sha256(style.encode()).hexdigest()[:12]}.css"
    yield style_name, style
    yield "index.html", pages.index(articles, f"/{style_name}")
    for article in articles:
        yield f"articles/{article.slug}/index.html", pages.article(article, f"/{style_name}")
    thanks = "You get a mail with every new article, and a link to end that."
    yield "subscribed/index.html", pages.notice("Thank you", thanks, f"/{style_name}")
    yield "404.html", pages.notice("There is no such page", "It may have moved: try the search above.", f"/{style_name}")
    yield "feed.xml", pages.feed(articles)
    yield "sitemap.xml", pages.sitemap(articles)
    yield "robots.txt", f"User-agent: *\nAllow: /\nSitemap: {SITE_ORIGIN}/sitemap.xml\n"


def documents(articles: list[Article]) -> list[dict[str, str]]:
    """
    What the API searches in.
    """
    return [
        {
            "path": article.path,
            "title": article.title,
            "day": str(article.day),
            "summary": article.summary,
            "text": to_words(article.text),
        }
        for article in articles
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
