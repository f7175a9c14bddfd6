"""
Articles as their authors write them: lines `title:`, `date:` and `summary:`, an empty line, then the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from generator.markup import to_html

KEYS = ("title", "date", "summary")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Article:
    """
    One article; `slug` is its part of the address.
    """

    slug: str
    title: str
    day: date
    summary: str
    text: str

    @property
    def path(self) -> str:
        """
        Where it is on the site.
        """
        return f"/articles/{self.slug}/"


def read_articles(folder: Path) -> list[Article]:
    """
    All articles, newest first.

    Raises: ValueError naming the file that is not one.
    """
    found = [_read(path) for path in sorted(folder.glob("*.md"))]
    return sorted(found, key=lambda article: article.day, reverse=True)


def _read(path: Path) -> Article:
    head, gap, text = path.read_text(encoding="utf-8").partition("\n\n")
    facts = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
    if not gap or tuple(facts) != KEYS or not all(facts.values()):
        raise ValueError(f"{path.name}: needs {', '.join(KEYS)}, then an empty line and the text")
    if not _SLUG.fullmatch(path.stem):
        raise ValueError(f"{path.name}: a name has small letters, digits and single dashes")
    try:
        day = date.fromisoformat(facts["date"])
        to_html(text)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None
    return Article(slug=path.stem, title=facts["title"], day=day, summary=facts["summary"], text=text.strip())
