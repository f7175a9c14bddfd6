"""
A small Markdown: headings, paragraphs, lists, quotes, code, emphasis and links. All other text is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

_BLOCK = re.compile(r"```\n(?P<code>(?s:.*?))\n```|(?P<text>[^\n]+(?:\n(?!```)[^\n]+)*)")
_MARKS = re.compile(r"^(## |- |> |```$)", re.MULTILINE)
_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`|\*\*(?P<strong>[^*]+)\*\*|\*(?P<em>[^*]+)\*|\[(?P<label>[^\]]+)\]\((?P<target>[^)\s]+)\)"
)
_TARGET = re.compile(r"https://[^\s]+|/[^/\s][^\s]*|/", re.ASCII)


def to_html(text: str) -> str:
    """
    The text as HTML.

    Raises: ValueError for a link that goes neither to this site nor to https.
    """
    return "\n".join(_blocks(text))


def to_words(text: str) -> str:
    """
    The text without its marks, for searching.
    """
    return " ".join(_INLINE.sub(lambda match: next(filter(None, match.groups())), _MARKS.sub("", text)).split())


def _blocks(text: str) -> Iterator[str]:
    for match in _BLOCK.finditer(text):
        yield _block(match["text"]) if match["code"] is None else f"<pre><code>{escape(match['code'])}</code></pre>"


def _block(text: str) -> str:
    lines = text.splitlines()
    if text.startswith("## "):
        return f"<h2>{_inline(text.removeprefix('## '))}</h2>"
    if text.startswith("> "):
        return f"<blockquote><p>{_inline(' '.join(line.removeprefix('> ') for line in lines))}</p></blockquote>"
    if text.startswith("- "):
        items = re.split(r"^- ", text, flags=re.MULTILINE)[1:]
        return "<ul>\n" + "\n".join(f"<li>{_inline(' '.join(item.split()))}</li>" for item in items) + "\n</ul>"
    return f"<p>{_inline(' '.join(lines))}</p>"


def _inline(text: str) -> str:
    done, parts = 0, []
    for match in _INLINE.finditer(text):
        parts += [escape(text[done : match.start()]), _marked(match)]
        done = match.end()
    return "".join([*parts, escape(text[done:])])


def _marked(match: re.Match[str]) -> str:
    for tag in ("code", "strong", "em"):
        if match[tag] is not None:
            return f"<{tag}>{escape(match[tag])}</{tag}>"
    if not _TARGET.fullmatch(match["target"]):
        raise ValueError(f"the link to {match['target']!r} goes neither to this site nor to https")
    return f'<a href="{escape(match["target"])}">{escape(match["label"])}</a>'
